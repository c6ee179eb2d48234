import type { ConfigReader } from '../configReader';
import { separateAttention } from '../parts/attention';
import {
  type Backbone,
  decoderFamily,
  questionAnswering,
  sequenceClassification,
  tokenClassification,
} from '../parts/decoderFamily';
import { expertsOf, sparseMlp } from '../parts/experts';
import { llamaFrame, llamaSizes } from '../parts/llamaShape';
import { gatedMlp } from '../parts/mlp';
import type { ModelBuilder } from '../parts/modelBuilder';
import { sparseLayers } from './qwen2Moe';

/** The base model; `storedTogether` where checkpoints hold the experts of a layer together. */
export function qwen3MoeBackbone(
  config: ConfigReader,
  model: ModelBuilder,
  { storedTogether = false }: { readonly storedTogether?: boolean } = {},
): Backbone {
  const sizes = llamaSizes(config);
  const { hidden, layers } = sizes;
  const sparse = sparseLayers(config, layers);
  const experts = sparse.includes(true) ? expertsOf(config, 'num_experts') : { count: 0, active: 0 };
  const intermediate = config.size('moe_intermediate_size');
  const bias = config.flag('attention_bias');
  const window = config.flag('use_sliding_window') ? config.optionalSize('sliding_window') : null;
  return llamaFrame(config, model, sizes, (index) => {
    separateAttention(model, 'self_attn', sizes, { bias, norms: 'head', window });
    if (sparse[index] === true) sparseMlp(model, 'mlp', { hidden, intermediate, experts, storedTogether });
    else gatedMlp(model, 'mlp', hidden, sizes.intermediate);
    model.rmsNorm('input_layernorm', hidden);
    model.rmsNorm('post_attention_layernorm', hidden);
  });
}

/** Qwen 3 MoE: qwen3 with experts and none shared. Source: transformers models/qwen3_moe. */
export const qwen3Moe = decoderFamily({
  modelType: 'qwen3_moe',
  className: 'Qwen3Moe',
  tasks: [sequenceClassification, tokenClassification, questionAnswering('transformer')],
  backbone: (config, model) => qwen3MoeBackbone(config, model),
});
