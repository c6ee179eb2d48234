import { MOST_LAYERS, type ConfigReader } from '../configReader';
import type { Architecture, Family } from '../family';
import { tokenHead } from '../parts/heads';
import { plainMlp } from '../parts/mlp';
import type { ModelBuilder } from '../parts/modelBuilder';
import { pair } from '../parts/visionTransformer';

interface ConvNextOptions {
  readonly modelType: string;
  readonly className: string;
  /** Version 2: a global response norm within the MLP in the place of a learned scale after it. */
  readonly responseNorm: boolean;
}

/** Side of the depthwise convolution; fixed in the class. */
const KERNEL = 7;

function convNextModel(config: ConfigReader, model: ModelBuilder, options: ConvNextOptions): number {
  const widths = config.integers('hidden_sizes', { min: 1 }) ?? [];
  const depths = config.integers('depths', { min: 1, max: MOST_LAYERS }) ?? [];
  const stages = config.integer('num_stages', { min: 1, max: 64 });
  if (widths.length < stages) config.problem('hidden_sizes', 'one width per stage');
  if (depths.length < stages) config.problem('depths', 'one number per stage');
  const scaled = !options.responseNorm && config.real('layer_scale_init_value') > 0;
  const patch = pair(config, 'patch_size');
  const [stem = 1] = widths;
  model.scope('embeddings', () => {
    model.conv('patch_embeddings', [stem, config.size('num_channels'), ...patch], 'embedding');
    model.layerNorm('layernorm', stem);
  });
  let first = 0;
  let before = stem;
  for (let stage = 0; stage < stages; stage++) {
    const width = widths[stage] ?? 1;
    const depth = depths[stage] ?? 1;
    model.scope(`encoder.stages.${stage}`, () => {
      if (stage > 0) {
        model.layerNorm('downsampling_layer.0', before);
        model.conv('downsampling_layer.1', [width, before, 2, 2], 'other');
      }
      model.stack(
        'layers',
        depth,
        width,
        () => {
          if (scaled) model.parameter('layer_scale_parameter', [width]);
          model.conv('dwconv', [width, 1, KERNEL, KERNEL], 'other');
          model.layerNorm('layernorm', width);
          plainMlp(model, '', width, 4 * width, { names: ['pwconv1', 'pwconv2'] });
          if (options.responseNorm)
            for (const name of ['weight', 'bias'])
              model.tensor(`grn.${name}`, [1, 1, 1, 4 * width], 'norm', 'norm');
        },
        first,
      );
    });
    first += depth;
    before = width;
  }
  // The last of the widths, which need not be that of the last stage.
  const last = widths.at(-1) ?? before;
  model.facts = { ...model.facts, hidden: last, activation: config.text('hidden_act') };
  model.layerNorm('layernorm', last);
  return last;
}

function convNextFamily(options: ConvNextOptions): Family {
  const { modelType, className } = options;
  const architectures: readonly Architecture[] = [
    {
      name: `${className}ForImageClassification`,
      modelType,
      task: 'classify',
      build(config, model) {
        const hidden = model.component('vision', () =>
          model.scope(modelType, () => convNextModel(config, model, options)),
        );
        tokenHead(model, 'classifier', hidden, config.labels(), true);
      },
    },
    {
      name: `${className}Model`,
      modelType,
      task: 'vision',
      build: (config, model) => void model.component('vision', () => convNextModel(config, model, options)),
    },
  ];
  return { architectures };
}

/** ConvNeXt. Source: transformers models/convnext. */
export const convnext = convNextFamily({
  modelType: 'convnext',
  className: 'ConvNext',
  responseNorm: false,
});

/** ConvNeXt V2. Source: transformers models/convnextv2. */
export const convnextv2 = convNextFamily({
  modelType: 'convnextv2',
  className: 'ConvNextV2',
  responseNorm: true,
});
