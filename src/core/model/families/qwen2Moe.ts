import { separateAttention } from '../parts/attention';
import type { ConfigReader } from '../configReader';
import {
  decoderFamily,
  questionAnswering,
  sequenceClassification,
  tokenClassification,
} from '../parts/decoderFamily';
import { expertsOf, gatedExperts, layerExperts } from '../parts/experts';
import { llamaFrame, llamaSizes } from '../parts/llamaShape';
import { gatedMlp } from '../parts/mlp';
import { layerWindows } from '../parts/windows';

/** Which layers have experts: every `decoder_sparse_step`th, except those that `mlp_only_layers` lists. */
export function sparseLayers(config: ConfigReader, layers: number): readonly boolean[] {
  const dense = new Set(config.integers('mlp_only_layers') ?? []);
  const step = config.size('decoder_sparse_step');
  const none = config.integer('num_experts') === 0;
  return Array.from({ length: layers }, (_, index) => !none && !dense.has(index) && (index + 1) % step === 0);
}

/** Qwen 1.5 MoE and 2 MoE: a gated shared expert beside the routed ones. Source: transformers models/qwen2_moe. */
export const qwen2Moe = decoderFamily({
  modelType: 'qwen2_moe',
  className: 'Qwen2Moe',
  tasks: [sequenceClassification, tokenClassification, questionAnswering()],
  backbone(config, model) {
    const sizes = llamaSizes(config);
    const { hidden, layers } = sizes;
    const sparse = sparseLayers(config, layers);
    const experts = sparse.includes(true) ? expertsOf(config, 'num_experts') : { count: 0, active: 0 };
    const intermediate = config.size('moe_intermediate_size');
    const shared = config.size('shared_expert_intermediate_size');
    const bias = config.flag('qkv_bias');
    const window = config.flag('use_sliding_window') ? config.optionalSize('sliding_window') : null;
    const last = config.integer('max_window_layers');
    const windows = layerWindows(config, layers, window, (index) => index % 2 === 0 && index < last);
    return llamaFrame(config, model, sizes, (index) => {
      separateAttention(model, 'self_attn', sizes, {
        bias,
        outputBias: false,
        window: windows[index] ?? null,
      });
      if (sparse[index] === true) {
        model.scope('mlp', () => {
          model.router('gate', hidden, experts.count);
          gatedExperts(model, 'experts', { hidden, intermediate, experts });
          gatedMlp(model, 'shared_expert', hidden, shared);
          model.linear('shared_expert_gate', hidden, 1, 'router');
        });
        layerExperts(model, { hidden, intermediate, experts, shared });
      } else gatedMlp(model, 'mlp', hidden, sizes.intermediate);
      model.rmsNorm('input_layernorm', hidden);
      model.rmsNorm('post_attention_layernorm', hidden);
    });
  },
});
