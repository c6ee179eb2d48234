import { separateAttention } from '../parts/attention';
import type { ConfigReader } from '../configReader';
import type { Family } from '../family';
import { type Backbone, decoderFamily } from '../parts/decoderFamily';
import { llamaFrame, llamaSizes } from '../parts/llamaShape';
import { fusedGatedMlp } from '../parts/mlp';
import type { ModelBuilder } from '../parts/modelBuilder';

/** Biases on q, k and v, gate and up in one matrix; GLM-4's 0414 generation adds a norm after each half of a layer. */
function backbone(config: ConfigReader, model: ModelBuilder, sandwich: boolean): Backbone {
  const sizes = llamaSizes(config);
  const { hidden } = sizes;
  const bias = config.flag('attention_bias');
  return llamaFrame(config, model, sizes, () => {
    separateAttention(model, 'self_attn', sizes, { bias, outputBias: false });
    fusedGatedMlp(model, 'mlp', hidden, sizes.intermediate);
    model.rmsNorm('input_layernorm', hidden);
    model.rmsNorm('post_attention_layernorm', hidden);
    if (sandwich) {
      model.rmsNorm('post_self_attn_layernorm', hidden);
      model.rmsNorm('post_mlp_layernorm', hidden);
    }
  });
}

const glm3 = decoderFamily({
  modelType: 'glm',
  className: 'Glm',
  backbone: (config, model) => backbone(config, model, false),
});

const glm4 = decoderFamily({
  modelType: 'glm4',
  className: 'Glm4',
  backbone: (config, model) => backbone(config, model, true),
});

/** GLM-4 9B and 32B. Source: transformers models/glm and glm4. */
export const glm: Family = { architectures: [...glm3.architectures, ...glm4.architectures] };
