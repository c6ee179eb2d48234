import { separateAttention } from '../parts/attention';
import {
  decoderFamily,
  questionAnswering,
  sequenceClassification,
  tokenClassification,
} from '../parts/decoderFamily';
import { llamaFrame, llamaSizes } from '../parts/llamaShape';
import { gatedMlp } from '../parts/mlp';

/** Llama 1 to 3: grouped-query attention and SwiGLU, with biases on request. Source: transformers models/llama. */
export const llama = decoderFamily({
  modelType: 'llama',
  className: 'Llama',
  tasks: [sequenceClassification, tokenClassification, questionAnswering('transformer')],
  backbone(config, model) {
    const sizes = llamaSizes(config, { exact: true });
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
