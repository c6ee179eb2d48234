import type { ConfigReader } from '../configReader';
import type { Family } from '../family';
import { separateAttention } from '../parts/attention';
import { type Backbone, decoderFamily, sequenceClassification } from '../parts/decoderFamily';
import { llamaFrame, llamaSizes } from '../parts/llamaShape';
import { gatedMlp } from '../parts/mlp';
import type { ModelBuilder } from '../parts/modelBuilder';
import { layerWindows } from '../parts/windows';
import { gemmaNorms, gemmaSoftcaps } from './gemma2';

/** The text model of Gemma 3: a full layer after every five with a window, or as `sliding_window_pattern` says. */
function textModel(config: ConfigReader, model: ModelBuilder): Backbone {
  const sizes = llamaSizes(config);
  const bias = config.flag('attention_bias');
  const pattern = config.has('sliding_window_pattern') ? config.size('sliding_window_pattern') : 6;
  const windows = layerWindows(
    config,
    sizes.layers,
    config.optionalSize('sliding_window'),
    (index) => (index + 1) % pattern !== 0,
  );
  const backbone = llamaFrame(config, model, sizes, (index) => {
    separateAttention(model, 'self_attn', sizes, { bias, norms: 'head', window: windows[index] ?? null });
    gatedMlp(model, 'mlp', sizes.hidden, sizes.intermediate);
    gemmaNorms(model, sizes.hidden);
  });
  gemmaSoftcaps(config, model);
  return backbone;
}

const text = decoderFamily({
  modelType: 'gemma3_text',
  className: 'Gemma3',
  bareName: 'Gemma3TextModel',
  tasks: [{ ...sequenceClassification, suffix: 'TextForSequenceClassification' }],
  backbone: textModel,
});

/** Gemma 3, text alone. Source: transformers models/gemma3. */
export const gemma3: Family = text;
