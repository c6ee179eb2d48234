import type { ConfigReader } from '../configReader';
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

/** `sliding_window` counts only under `use_sliding_window`, and then from layer `max_window_layers` on. */
export function qwenWindows(config: ConfigReader, layers: number): readonly (number | null)[] {
  const window = config.flag('use_sliding_window') ? config.optionalSize('sliding_window') : null;
  const first = window === null ? 0 : config.integer('max_window_layers');
  return layerWindows(config, layers, window, (index) => index >= first);
}

/** Qwen 1.5, 2 and 2.5: llama with a bias on q, k and v. Source: transformers models/qwen2. */
export const qwen2 = decoderFamily({
  modelType: 'qwen2',
  className: 'Qwen2',
  tasks: [sequenceClassification, tokenClassification, questionAnswering('transformer')],
  backbone(config, model) {
    const sizes = llamaSizes(config);
    const windows = qwenWindows(config, sizes.layers);
    return llamaFrame(config, model, sizes, (index) => {
      separateAttention(model, 'self_attn', sizes, {
        bias: true,
        outputBias: false,
        window: windows[index] ?? null,
      });
      gatedMlp(model, 'mlp', sizes.hidden, sizes.intermediate);
      model.rmsNorm('input_layernorm', sizes.hidden);
      model.rmsNorm('post_attention_layernorm', sizes.hidden);
    });
  },
});
