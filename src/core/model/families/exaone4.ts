import { separateAttention } from '../parts/attention';
import {
  decoderFamily,
  questionAnswering,
  sequenceClassification,
  tokenClassification,
} from '../parts/decoderFamily';
import { llamaFrame, llamaSizes } from '../parts/llamaShape';
import { gatedMlp } from '../parts/mlp';
import { layerWindows } from '../parts/windows';

/** EXAONE 4: norms after each half of a layer, three windowed layers of four. Source: transformers models/exaone4. */
export const exaone4 = decoderFamily({
  modelType: 'exaone4',
  className: 'Exaone4',
  tasks: [sequenceClassification, tokenClassification, questionAnswering('transformer')],
  backbone(config, model) {
    const sizes = llamaSizes(config);
    const { hidden, layers } = sizes;
    const window = config.optionalSize('sliding_window');
    const pattern = window === null ? 1 : config.size('sliding_window_pattern');
    const windows = layerWindows(config, layers, window, (index) => (index + 1) % pattern !== 0);
    return llamaFrame(config, model, sizes, (index) => {
      separateAttention(model, 'self_attn', sizes, { norms: 'head', window: windows[index] ?? null });
      gatedMlp(model, 'mlp', hidden, sizes.intermediate);
      model.rmsNorm('post_attention_layernorm', hidden);
      model.rmsNorm('post_feedforward_layernorm', hidden);
    });
  },
});
