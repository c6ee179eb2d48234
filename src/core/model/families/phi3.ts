import { fusedAttention } from '../parts/attention';
import { decoderFamily } from '../parts/decoderFamily';
import { llamaFrame, llamaSizes } from '../parts/llamaShape';
import { fusedGatedMlp } from '../parts/mlp';

/** Phi 3 and 4: q, k, v in one matrix, gate and up in another. Source: transformers models/phi3. */
export const phi3 = decoderFamily({
  modelType: 'phi3',
  className: 'Phi3',
  backbone(config, model) {
    const sizes = llamaSizes(config);
    const window = config.optionalSize('sliding_window');
    return llamaFrame(config, model, sizes, () => {
      fusedAttention(model, 'self_attn', sizes, { names: ['qkv_proj', 'o_proj'], window });
      fusedGatedMlp(model, 'mlp', sizes.hidden, sizes.intermediate);
      model.rmsNorm('input_layernorm', sizes.hidden);
      model.rmsNorm('post_attention_layernorm', sizes.hidden);
    });
  },
});
