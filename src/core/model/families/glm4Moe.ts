import { separateAttention } from '../parts/attention';
import { decoderFamily } from '../parts/decoderFamily';
import { llamaFrame, llamaSizes } from '../parts/llamaShape';
import { predictionLayers, routedMlp, routedSizes } from './deepseek';

/** GLM-4.5 to 4.7: grouped-query attention with DeepSeek's experts. Source: transformers models/glm4_moe. */
export const glm4Moe = decoderFamily({
  modelType: 'glm4_moe',
  className: 'Glm4Moe',
  tasks: [],
  backbone(config, model) {
    const sizes = llamaSizes(config);
    const routed = routedSizes(config);
    // Without an explicit head_dim the class rounds down, heads that do not divide the width included.
    const headDim = config.optionalSize('head_dim') ?? Math.floor(sizes.hidden / sizes.heads);
    const bias = config.flag('attention_bias');
    const norms = config.flag('use_qk_norm') ? 'head' : null;
    const layer = (index: number): void => {
      separateAttention(model, 'self_attn', { ...sizes, headDim }, { bias, outputBias: false, norms });
      routedMlp(config, model, index, routed, { correction: true });
      model.rmsNorm('input_layernorm', sizes.hidden);
      model.rmsNorm('post_attention_layernorm', sizes.hidden);
    };
    const made = llamaFrame(config, model, sizes, layer);
    predictionLayers(config, model, sizes.layers, sizes.hidden, sizes.vocab, layer);
    return made;
  },
});
