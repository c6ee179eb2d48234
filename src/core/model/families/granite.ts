import { separateAttention } from '../parts/attention';
import { decoderFamily } from '../parts/decoderFamily';
import { llamaFrame, llamaSizes } from '../parts/llamaShape';
import { gatedMlp } from '../parts/mlp';

/** Granite 3 dense: llama with scaling factors that hold no memory. Source: transformers models/granite. */
export const granite = decoderFamily({
  modelType: 'granite',
  className: 'Granite',
  tasks: [],
  backbone(config, model) {
    const sizes = llamaSizes(config);
    const attentionBias = config.flag('attention_bias');
    const mlpBias = config.flag('mlp_bias');
    return llamaFrame(config, model, sizes, () => {
      separateAttention(model, 'self_attn', sizes, { bias: attentionBias });
      gatedMlp(model, 'mlp', sizes.hidden, sizes.intermediate, { bias: mlpBias });
      model.rmsNorm('input_layernorm', sizes.hidden);
      model.rmsNorm('post_attention_layernorm', sizes.hidden);
    });
  },
});
