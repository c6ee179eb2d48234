import type { ConfigReader } from '../configReader';
import { attentionSpec, type AttentionSizes } from '../parts/attention';
import { decoderFamily, sequenceClassification } from '../parts/decoderFamily';
import { gatedExperts, layerExperts } from '../parts/experts';
import { llamaFrame, llamaSizes } from '../parts/llamaShape';
import { gatedMlp } from '../parts/mlp';
import type { ModelBuilder } from '../parts/modelBuilder';

/** Attention with norms per head under names of its own. */
function attention(model: ModelBuilder, sizes: AttentionSizes, bias: boolean): void {
  const { hidden, heads, kvHeads, headDim } = sizes;
  model.scope('self_attn', () => {
    model.linear('q_proj', hidden, heads * headDim, 'q', bias);
    model.linear('k_proj', hidden, kvHeads * headDim, 'k', bias);
    model.linear('v_proj', hidden, kvHeads * headDim, 'v', bias);
    model.linear('o_proj', heads * headDim, hidden, 'o', bias);
    model.rmsNorm('query_layernorm', headDim);
    model.rmsNorm('key_layernorm', headDim);
  });
  model.layerAttention(attentionSpec(sizes));
}

/** Hunyuan, dense. Source: transformers models/hunyuan_v1_dense. */
export const hunyuanDense = decoderFamily({
  modelType: 'hunyuan_v1_dense',
  className: 'HunYuanDenseV1',
  tasks: [sequenceClassification],
  backbone(config, model) {
    const sizes = llamaSizes(config);
    const bias = config.flag('attention_bias');
    return llamaFrame(config, model, sizes, () => {
      attention(model, sizes, bias);
      gatedMlp(model, 'mlp', sizes.hidden, sizes.intermediate);
      model.rmsNorm('input_layernorm', sizes.hidden);
      model.rmsNorm('post_attention_layernorm', sizes.hidden);
    });
  },
});

/** Experts that a token passes in each layer: one number, or one per layer. */
function activeExperts(config: ConfigReader, count: number, layers: number): readonly number[] {
  const given = config.value('moe_topk');
  const list = Array.isArray(given)
    ? (config.integers('moe_topk', { min: 1, max: count }) ?? [])
    : Array.from({ length: layers }, () => 0).fill(config.size('moe_topk', { max: count }));
  if (list.length < layers) config.problem('moe_topk', `a number, or a list of ${layers}, one per layer`);
  return list;
}

/** Hunyuan with experts and a shared MLP of the same width. Source: transformers models/hunyuan_v1_moe. */
export const hunyuanMoe = decoderFamily({
  modelType: 'hunyuan_v1_moe',
  className: 'HunYuanMoEV1',
  tasks: [sequenceClassification],
  backbone(config, model) {
    const sizes = llamaSizes(config);
    const { hidden, intermediate, layers } = sizes;
    const count = config.heads('num_experts');
    const active = activeExperts(config, count, layers);
    const bias = config.flag('attention_bias');
    return llamaFrame(config, model, sizes, (index) => {
      const experts = { count, active: active[index] ?? 1 };
      attention(model, sizes, bias);
      model.scope('mlp', () => {
        model.linear('gate.wg', hidden, count, 'router');
        gatedExperts(model, 'experts', { hidden, intermediate, experts });
        gatedMlp(model, 'shared_mlp', hidden, intermediate);
      });
      layerExperts(model, { hidden, intermediate, experts, shared: intermediate });
      model.rmsNorm('input_layernorm', hidden);
      model.rmsNorm('post_attention_layernorm', hidden);
    });
  },
});
