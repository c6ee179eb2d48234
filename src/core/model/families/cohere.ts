import { separateAttention } from '../parts/attention';
import type { ConfigReader } from '../configReader';
import type { Family } from '../family';
import { type Backbone, decoderFamily } from '../parts/decoderFamily';
import { llamaFrame, llamaSizes } from '../parts/llamaShape';
import { gatedMlp } from '../parts/mlp';
import type { ModelBuilder } from '../parts/modelBuilder';
import { layerWindows } from '../parts/windows';

/** One norm a layer, before attention and MLP side by side. */
function backbone(
  config: ConfigReader,
  model: ModelBuilder,
  windowed: boolean,
  headNorms: boolean,
): Backbone {
  const sizes = llamaSizes(config);
  const { hidden, heads, kvHeads, headDim, layers } = sizes;
  const bias = config.flag('attention_bias');
  const pattern = config.has('sliding_window_pattern') ? config.size('sliding_window_pattern') : 4;
  const windows = windowed
    ? layerWindows(
        config,
        layers,
        config.optionalSize('sliding_window'),
        (index) => (index + 1) % pattern !== 0,
      )
    : [];
  return llamaFrame(config, model, sizes, (index) => {
    separateAttention(model, 'self_attn', sizes, { bias, window: windows[index] ?? null });
    if (headNorms)
      model.scope('self_attn', () => {
        model.tensor('q_norm.weight', [heads, headDim], 'norm', 'norm');
        model.tensor('k_norm.weight', [kvHeads, headDim], 'norm', 'norm');
      });
    gatedMlp(model, 'mlp', hidden, sizes.intermediate);
    model.rmsNorm('input_layernorm', hidden);
  });
}

const first = decoderFamily({
  modelType: 'cohere',
  className: 'Cohere',
  tasks: [],
  backbone: (config, model) => backbone(config, model, false, config.flag('use_qk_norm')),
});

const second = decoderFamily({
  modelType: 'cohere2',
  className: 'Cohere2',
  tasks: [],
  backbone: (config, model) => backbone(config, model, true, false),
});

/** Command R, R+ and R7B. Source: transformers models/cohere and cohere2. */
export const cohere: Family = { architectures: [...first.architectures, ...second.architectures] };
