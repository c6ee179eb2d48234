import { separateAttention } from '../parts/attention';
import {
  decoderFamily,
  questionAnswering,
  sequenceClassification,
  tokenClassification,
} from '../parts/decoderFamily';
import { llamaFrame, llamaSizes } from '../parts/llamaShape';
import { gatedMlp } from '../parts/mlp';

/** Seed-OSS: llama with a head width of its own and biases on q, k and v. Source: transformers models/seed_oss. */
export const seedOss = decoderFamily({
  modelType: 'seed_oss',
  className: 'SeedOss',
  tasks: [sequenceClassification, tokenClassification, questionAnswering('transformer')],
  backbone(config, model) {
    const sizes = llamaSizes(config);
    const bias = config.flag('attention_bias');
    const outputBias = config.flag('attention_out_bias');
    const mlpBias = config.flag('mlp_bias');
    return llamaFrame(config, model, sizes, () => {
      separateAttention(model, 'self_attn', sizes, { bias, outputBias });
      gatedMlp(model, 'mlp', sizes.hidden, sizes.intermediate, { bias: mlpBias });
      model.rmsNorm('input_layernorm', sizes.hidden);
      model.rmsNorm('post_attention_layernorm', sizes.hidden);
    });
  },
});
