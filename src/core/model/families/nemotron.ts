import { separateAttention } from '../parts/attention';
import {
  decoderFamily,
  questionAnswering,
  sequenceClassification,
  tokenClassification,
} from '../parts/decoderFamily';
import { llamaFrame, llamaSizes } from '../parts/llamaShape';
import { plainMlp } from '../parts/mlp';

/** Nemotron 3 and 4 (Minitron): squared ReLU, so no gate, and norms with biases. Source: transformers models/nemotron. */
export const nemotron = decoderFamily({
  modelType: 'nemotron',
  className: 'Nemotron',
  tasks: [sequenceClassification, tokenClassification, questionAnswering('transformer')],
  backbone(config, model) {
    const sizes = llamaSizes(config);
    const { hidden } = sizes;
    const bias = config.flag('attention_bias');
    const mlpBias = config.flag('mlp_bias');
    const layer = (): void => {
      separateAttention(model, 'self_attn', sizes, { bias });
      plainMlp(model, 'mlp', hidden, sizes.intermediate, { names: ['up_proj', 'down_proj'], bias: mlpBias });
      model.layerNorm('input_layernorm', hidden);
      model.layerNorm('post_attention_layernorm', hidden);
    };
    return llamaFrame(config, model, sizes, layer, () => model.layerNorm('norm', hidden));
  },
});
