import { separateAttention } from '../parts/attention';
import {
  decoderFamily,
  questionAnswering,
  sequenceClassification,
  tokenClassification,
} from '../parts/decoderFamily';
import { llamaFrame, llamaSizes } from '../parts/llamaShape';
import { plainMlp } from '../parts/mlp';

/** Arcee AFM: llama with squared ReLU, so without a gate. Source: transformers models/arcee. */
export const arcee = decoderFamily({
  modelType: 'arcee',
  className: 'Arcee',
  tasks: [sequenceClassification, tokenClassification, questionAnswering('transformer')],
  backbone(config, model) {
    const sizes = llamaSizes(config, { exact: true });
    const bias = config.flag('attention_bias');
    const mlpBias = config.flag('mlp_bias');
    return llamaFrame(config, model, sizes, () => {
      separateAttention(model, 'self_attn', sizes, { bias });
      plainMlp(model, 'mlp', sizes.hidden, sizes.intermediate, {
        names: ['up_proj', 'down_proj'],
        bias: mlpBias,
      });
      model.rmsNorm('input_layernorm', sizes.hidden);
      model.rmsNorm('post_attention_layernorm', sizes.hidden);
    });
  },
});
