import { separateAttention } from '../parts/attention';
import {
  decoderFamily,
  questionAnswering,
  sequenceClassification,
  tokenClassification,
} from '../parts/decoderFamily';
import { llamaFrame, llamaSizes } from '../parts/llamaShape';
import { gatedMlp } from '../parts/mlp';

/** Ministral 3, the text model: mistral with scaled attention. Source: transformers models/ministral3. */
export const ministral3 = decoderFamily({
  modelType: 'ministral3',
  className: 'Ministral3',
  tasks: [sequenceClassification, tokenClassification, questionAnswering()],
  backbone(config, model) {
    const sizes = llamaSizes(config);
    const window = config.optionalSize('sliding_window');
    return llamaFrame(config, model, sizes, () => {
      separateAttention(model, 'self_attn', sizes, { window });
      gatedMlp(model, 'mlp', sizes.hidden, sizes.intermediate);
      model.rmsNorm('input_layernorm', sizes.hidden);
      model.rmsNorm('post_attention_layernorm', sizes.hidden);
    });
  },
});
