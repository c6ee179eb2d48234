import { separateAttention } from '../parts/attention';
import { decoderFamily } from '../parts/decoderFamily';
import { llamaFrame, llamaSizes } from '../parts/llamaShape';
import { plainMlp } from '../parts/mlp';

/** Phi 1, 1.5 and 2: biases everywhere, attention and MLP side by side. Source: transformers models/phi. */
export const phi = decoderFamily({
  modelType: 'phi',
  className: 'Phi',
  output: { bias: true },
  backbone(config, model) {
    const sizes = llamaSizes(config);
    const { hidden, headDim } = sizes;
    const headNorms = config.flag('qk_layernorm');
    return llamaFrame(
      config,
      model,
      sizes,
      () => {
        separateAttention(model, 'self_attn', sizes, {
          bias: true,
          names: ['q_proj', 'k_proj', 'v_proj', 'dense'],
        });
        if (headNorms)
          model.scope('self_attn', () => {
            model.layerNorm('q_layernorm', headDim);
            model.layerNorm('k_layernorm', headDim);
          });
        plainMlp(model, 'mlp', hidden, sizes.intermediate, { names: ['fc1', 'fc2'] });
        model.layerNorm('input_layernorm', hidden);
      },
      () => model.layerNorm('final_layernorm', hidden),
    );
  },
});
