import { separateAttention } from '../parts/attention';
import { decoderFamily, sequenceClassification } from '../parts/decoderFamily';
import { llamaFrame, llamaSizes } from '../parts/llamaShape';
import { gatedMlp } from '../parts/mlp';

/** OLMo 1: norms without parameters. Source: transformers models/olmo. */
export const olmo = decoderFamily({
  modelType: 'olmo',
  className: 'Olmo',
  tasks: [sequenceClassification],
  backbone(config, model) {
    const sizes = llamaSizes(config);
    const bias = config.flag('attention_bias');
    const layer = (): void => {
      separateAttention(model, 'self_attn', sizes, { bias });
      gatedMlp(model, 'mlp', sizes.hidden, sizes.intermediate);
    };
    return llamaFrame(config, model, sizes, layer, () => undefined);
  },
});
