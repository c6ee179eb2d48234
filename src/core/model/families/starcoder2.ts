import { separateAttention } from '../parts/attention';
import { decoderFamily } from '../parts/decoderFamily';
import { llamaFrame, llamaSizes } from '../parts/llamaShape';
import { plainMlp } from '../parts/mlp';

/** StarCoder 2: norms with biases, a two-matrix MLP, biases throughout. Source: transformers models/starcoder2. */
export const starcoder2 = decoderFamily({
  modelType: 'starcoder2',
  className: 'Starcoder2',
  backbone(config, model) {
    const sizes = llamaSizes(config);
    const { hidden } = sizes;
    const bias = config.flag('use_bias');
    const window = config.optionalSize('sliding_window');
    const layer = (): void => {
      separateAttention(model, 'self_attn', sizes, { bias, window });
      plainMlp(model, 'mlp', hidden, sizes.intermediate, { names: ['c_fc', 'c_proj'], bias });
      model.layerNorm('input_layernorm', hidden);
      model.layerNorm('post_attention_layernorm', hidden);
    };
    return llamaFrame(config, model, sizes, layer, () => model.layerNorm('norm', hidden));
  },
});
