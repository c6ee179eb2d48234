import { separateAttention } from '../parts/attention';
import { decoderFamily, sequenceClassification } from '../parts/decoderFamily';
import { expertsOf, gatedExperts, layerExperts } from '../parts/experts';
import { llamaFrame, llamaSizes } from '../parts/llamaShape';

/** Phi 3.5 MoE: norms with biases, experts in every layer. Source: transformers models/phimoe. */
export const phimoe = decoderFamily({
  modelType: 'phimoe',
  className: 'Phimoe',
  tasks: [sequenceClassification],
  outputBias: (config) => config.flag('lm_head_bias'),
  backbone(config, model) {
    const sizes = llamaSizes(config);
    const { hidden, intermediate } = sizes;
    const experts = expertsOf(config, 'num_local_experts');
    const bias = config.flag('attention_bias');
    const window = config.optionalSize('sliding_window');
    const sparse = {
      hidden,
      intermediate,
      experts,
      storedNames: ['w1', 'w3', 'w2'],
      storedModule: 'block_sparse_moe',
    } as const;
    const layer = (): void => {
      separateAttention(model, 'self_attn', sizes, { bias, window });
      model.scope('mlp', () => {
        const shape = [experts.count, hidden];
        const name = model.path('').replace(/mlp\.$/u, 'block_sparse_moe.gate.weight');
        model.tensor('router.weight', shape, 'router', 'derived', { stored: [{ name, shape, count: null }] });
        gatedExperts(model, 'experts', sparse);
      });
      layerExperts(model, sparse);
      model.layerNorm('input_layernorm', hidden);
      model.layerNorm('post_attention_layernorm', hidden);
    };
    return llamaFrame(config, model, sizes, layer, () => model.layerNorm('norm', hidden));
  },
});
