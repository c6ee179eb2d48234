import { separateAttention } from '../parts/attention';
import { decoderFamily } from '../parts/decoderFamily';
import { llamaFrame, llamaSizes } from '../parts/llamaShape';
import { gatedMlp } from '../parts/mlp';

/** Gemma 1: heads wider than hidden / heads, output layer tied. Source: transformers models/gemma. */
export const gemma = decoderFamily({
  modelType: 'gemma',
  className: 'Gemma',
  backbone(config, model) {
    const sizes = llamaSizes(config);
    const bias = config.flag('attention_bias');
    return llamaFrame(config, model, sizes, () => {
      separateAttention(model, 'self_attn', sizes, { bias });
      gatedMlp(model, 'mlp', sizes.hidden, sizes.intermediate);
      model.rmsNorm('input_layernorm', sizes.hidden);
      model.rmsNorm('post_attention_layernorm', sizes.hidden);
    });
  },
});
