import { separateAttention } from '../parts/attention';
import { decoderFamily, sequenceClassification } from '../parts/decoderFamily';
import { llamaFrame, llamaSizes } from '../parts/llamaShape';
import { gatedMlp } from '../parts/mlp';
import { layerWindows } from '../parts/windows';

/** OLMo 3: OLMo 2 with a window in three layers of four. Source: transformers models/olmo3. */
export const olmo3 = decoderFamily({
  modelType: 'olmo3',
  className: 'Olmo3',
  tasks: [sequenceClassification],
  backbone(config, model) {
    const sizes = llamaSizes(config);
    const bias = config.flag('attention_bias');
    const window = config.optionalSize('sliding_window');
    const windows = layerWindows(config, sizes.layers, window, (index) => (index + 1) % 4 !== 0);
    return llamaFrame(config, model, sizes, (index) => {
      separateAttention(model, 'self_attn', sizes, { bias, norms: 'full', window: windows[index] ?? null });
      gatedMlp(model, 'mlp', sizes.hidden, sizes.intermediate);
      model.rmsNorm('post_attention_layernorm', sizes.hidden);
      model.rmsNorm('post_feedforward_layernorm', sizes.hidden);
    });
  },
});
