import { separateAttention } from '../parts/attention';
import { decoderFamily } from '../parts/decoderFamily';
import { llamaFrame, llamaSizes } from '../parts/llamaShape';
import { gatedMlp } from '../parts/mlp';
import { publishedCode } from '../parts/publishedCode';

/** MiniCPM 1 and 2: llama's modules, the output layer tied unless the config says otherwise. Names after the published modeling_minicpm.py. */
export const minicpm = publishedCode(
  'modeling_minicpm.py',
  decoderFamily({
    modelType: 'minicpm',
    className: 'MiniCPM',
    tiedWhenSilent: true,
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
  }),
);
