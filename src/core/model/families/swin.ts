import { MOST_LAYERS, type ConfigReader } from '../configReader';
import type { Architecture, Family } from '../family';
import { tokenHead } from '../parts/heads';
import { plainMlp } from '../parts/mlp';
import type { ModelBuilder } from '../parts/modelBuilder';
import { patchesOf, vitAttention } from '../parts/visionTransformer';
import { pixelDecoder } from './vit';

/** Stages of blocks that attend within windows; each stage but the last halves the image and doubles the width. */
function swinModel(config: ConfigReader, model: ModelBuilder, maskToken: boolean): number {
  const width = config.size('embed_dim');
  const depths = config.integers('depths', { min: 1, max: MOST_LAYERS }) ?? [];
  const heads = config.integers('num_heads', { min: 1 }) ?? [];
  if (depths.length > 16) config.problem('depths', 'at most 16 stages');
  if (heads.length !== depths.length) config.problem('num_heads', 'one number per entry of depths');
  const side = config.size('window_size');
  const ratio = config.real('mlp_ratio');
  const qkvBias = config.flag('qkv_bias');
  const patches = patchesOf(config);
  const stages = depths.slice(0, 16).map((depth, index) => ({ depth, hidden: width * 2 ** index }));

  model.scope('embeddings', () => {
    if (maskToken) model.parameter('mask_token', [1, 1, width], 'embedding');
    if (config.flag('use_absolute_embeddings'))
      model.parameter('position_embeddings', [1, patches.count, width], 'position');
    model.conv(
      'patch_embeddings.projection',
      [width, config.size('num_channels'), ...patches.size],
      'embedding',
    );
    model.layerNorm('norm', width);
  });
  let first = 0;
  stages.forEach(({ depth, hidden }, stage) => {
    const sizes = { hidden, heads: heads[stage] ?? 1, intermediate: Math.trunc(hidden * ratio) };
    config.mustDivide('num_heads', sizes.heads, hidden, 'the width of its stage,');
    model.scope(`encoder.layers.${stage}`, () => {
      model.stack(
        'blocks',
        depth,
        hidden,
        () => {
          vitAttention(model, 'attention', sizes, qkvBias, side * side);
          const table = [(2 * side - 1) ** 2, sizes.heads];
          model.parameter('attention.relative_position_bias.relative_position_bias_table', table, 'position');
          model.layerNorm('layernorm_before', hidden);
          model.layerNorm('layernorm_after', hidden);
          plainMlp(model, 'mlp', hidden, sizes.intermediate, { names: ['fc1', 'fc2'] });
        },
        first,
      );
      if (stage < stages.length - 1) {
        model.linear('downsample.reduction', 4 * hidden, 2 * hidden, 'other');
        model.layerNorm('downsample.norm', 4 * hidden);
      }
    });
    first += depth;
  });
  const last = stages.at(-1)?.hidden ?? width;
  model.facts = { ...model.facts, hidden: last, activation: config.text('hidden_act') };
  model.layerNorm('layernorm', last);
  return last;
}

const modelType = 'swin';

const architectures: readonly Architecture[] = [
  {
    name: 'SwinForImageClassification',
    modelType,
    task: 'classify',
    build(config, model) {
      const hidden = model.component('vision', () =>
        model.scope('swin', () => swinModel(config, model, false)),
      );
      tokenHead(model, 'classifier', hidden, config.labels(), true);
    },
  },
  {
    name: 'SwinModel',
    modelType,
    task: 'vision',
    build: (config, model) => void model.component('vision', () => swinModel(config, model, false)),
  },
  {
    name: 'SwinForMaskedImageModeling',
    modelType,
    task: 'vision',
    build: (config, model) =>
      model.component('vision', () => {
        const hidden = model.scope('swin', () => swinModel(config, model, true));
        pixelDecoder(config, model, hidden);
      }),
  },
];

/** Swin. Source: transformers models/swin. */
export const swin: Family = { architectures };
