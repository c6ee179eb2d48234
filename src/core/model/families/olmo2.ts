import { separateAttention } from '../parts/attention';
import { decoderFamily, sequenceClassification } from '../parts/decoderFamily';
import { llamaFrame, llamaSizes } from '../parts/llamaShape';
import { gatedMlp } from '../parts/mlp';

/** OLMo 2: norms after attention and MLP, and over the whole query and key. Source: transformers models/olmo2. */
export const olmo2 = decoderFamily({
  modelType: 'olmo2',
  className: 'Olmo2',
  tasks: [sequenceClassification],
  backbone(config, model) {
    const sizes = llamaSizes(config);
    const bias = config.flag('attention_bias');
    return llamaFrame(config, model, sizes, () => {
      separateAttention(model, 'self_attn', sizes, { bias, norms: 'full' });
      gatedMlp(model, 'mlp', sizes.hidden, sizes.intermediate);
      model.rmsNorm('post_attention_layernorm', sizes.hidden);
      model.rmsNorm('post_feedforward_layernorm', sizes.hidden);
    });
  },
});
