import type { ConfigReader } from '../configReader';
import { attentionSpec, type AttentionSizes } from '../parts/attention';
import {
  decoderFamily,
  questionAnswering,
  sequenceClassification,
  tokenClassification,
} from '../parts/decoderFamily';
import { type ExpertOptions, expertsOf, gatedExperts, layerExperts } from '../parts/experts';
import { gatedDelta, gatedDeltaSizes } from '../parts/gatedDelta';
import { hybridWords, layerKinds } from '../parts/layerKinds';
import { llamaFrame, llamaSizes } from '../parts/llamaShape';
import { gatedMlp } from '../parts/mlp';
import type { ModelBuilder } from '../parts/modelBuilder';
import { sparseLayers } from './qwen2Moe';

/** Attention with norms per head whose query projection also gives a gate on the output: twice as many rows. */
export function gatedAttention(model: ModelBuilder, sizes: AttentionSizes, bias: boolean): void {
  const { hidden, heads, kvHeads, headDim } = sizes;
  model.scope('self_attn', () => {
    model.linear('q_proj', hidden, 2 * heads * headDim, 'q', bias);
    model.linear('k_proj', hidden, kvHeads * headDim, 'k', bias);
    model.linear('v_proj', hidden, kvHeads * headDim, 'v', bias);
    model.linear('o_proj', heads * headDim, hidden, 'o', bias);
    model.rmsNorm('q_norm', headDim);
    model.rmsNorm('k_norm', headDim);
  });
  model.layerAttention(attentionSpec(sizes));
}

/** Router, routed experts, and a shared expert with its own gate. */
export function gatedSharedExperts(model: ModelBuilder, options: ExpertOptions & { shared: number }): void {
  const { hidden, experts, shared } = options;
  model.scope('mlp', () => {
    model.router('gate', hidden, experts.count);
    gatedExperts(model, 'experts', options);
    gatedMlp(model, 'shared_expert', hidden, shared);
    model.linear('shared_expert_gate', hidden, 1, 'router');
  });
  layerExperts(model, options);
}

/** Which layers attend: every `full_attention_interval`th (4 when absent), or as `layer_types` says. */
export function qwenHybridKinds(
  config: ConfigReader,
  layers: number,
): readonly ('attention' | 'recurrent')[] {
  const interval = config.has('full_attention_interval') ? config.size('full_attention_interval') : 4;
  return layerKinds(config, 'layer_types', layers, hybridWords, (index) =>
    (index + 1) % interval === 0 ? 'attention' : 'recurrent',
  );
}

/** Qwen3-Next: gated delta nets with gated attention between them, and many small experts. Source: transformers models/qwen3_next. */
export const qwen3Next = decoderFamily({
  modelType: 'qwen3_next',
  className: 'Qwen3Next',
  tasks: [sequenceClassification, tokenClassification, questionAnswering('transformer')],
  backbone(config, model) {
    const sizes = llamaSizes(config);
    const { hidden, layers } = sizes;
    const delta = gatedDeltaSizes(config);
    const kinds = qwenHybridKinds(config, layers);
    const sparse = sparseLayers(config, layers);
    const experts = sparse.includes(true) ? expertsOf(config, 'num_experts') : { count: 0, active: 0 };
    const intermediate = config.size('moe_intermediate_size');
    const shared = config.size('shared_expert_intermediate_size');
    const bias = config.flag('attention_bias');
    return llamaFrame(config, model, sizes, (index) => {
      if (kinds[index] === 'attention') gatedAttention(model, sizes, bias);
      else gatedDelta(model, 'linear_attn', delta, { fused: true });
      if (sparse[index] === true) gatedSharedExperts(model, { hidden, intermediate, experts, shared });
      else gatedMlp(model, 'mlp', hidden, sizes.intermediate);
      model.rmsNorm('input_layernorm', hidden);
      model.rmsNorm('post_attention_layernorm', hidden);
    });
  },
});
