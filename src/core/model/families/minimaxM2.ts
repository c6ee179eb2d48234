import { separateAttention } from '../parts/attention';
import { decoderFamily } from '../parts/decoderFamily';
import { expertsOf, sparseMlp } from '../parts/experts';
import { llamaFrame, llamaSizes } from '../parts/llamaShape';

/** MiniMax M2: norms over the whole query and key, experts chosen with a correction bias. Source: transformers models/minimax_m2. */
export const minimaxM2 = decoderFamily({
  modelType: 'minimax_m2',
  className: 'MiniMaxM2',
  tasks: [],
  backbone(config, model) {
    const sizes = llamaSizes(config);
    const { hidden, intermediate } = sizes;
    const experts = expertsOf(config, 'num_local_experts');
    return llamaFrame(config, model, sizes, () => {
      separateAttention(model, 'self_attn', sizes, { norms: 'full' });
      model.buffer('mlp.e_score_correction_bias', [experts.count], 'f32');
      sparseMlp(model, 'mlp', {
        hidden,
        intermediate,
        experts,
        storedNames: ['w1', 'w3', 'w2'],
        storedModule: 'block_sparse_moe',
      });
      model.rmsNorm('input_layernorm', hidden);
      model.rmsNorm('post_attention_layernorm', hidden);
    });
  },
});
