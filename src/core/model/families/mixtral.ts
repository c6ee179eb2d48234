import { separateAttention } from '../parts/attention';
import {
  decoderFamily,
  questionAnswering,
  sequenceClassification,
  tokenClassification,
} from '../parts/decoderFamily';
import { expertsOf, sparseMlp } from '../parts/experts';
import { llamaFrame, llamaSizes } from '../parts/llamaShape';

/** Mixtral: mistral with experts in every layer. Source: transformers models/mixtral. */
export const mixtral = decoderFamily({
  modelType: 'mixtral',
  className: 'Mixtral',
  tasks: [sequenceClassification, tokenClassification, questionAnswering()],
  backbone(config, model) {
    const sizes = llamaSizes(config);
    const { hidden, intermediate } = sizes;
    const experts = expertsOf(config, 'num_local_experts');
    const window = config.optionalSize('sliding_window');
    return llamaFrame(config, model, sizes, () => {
      separateAttention(model, 'self_attn', sizes, { window });
      sparseMlp(model, 'mlp', {
        hidden,
        intermediate,
        experts,
        storedNames: ['w1', 'w3', 'w2'],
        storedModule: 'block_sparse_moe',
      });
      model.rmsNorm('input_layernorm', hidden);
      model.rmsNorm('post_attention_layernorm', hidden);
    });
  },
});
