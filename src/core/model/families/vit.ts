import type { ConfigReader } from '../configReader';
import type { Architecture, Family } from '../family';
import { tokenHead } from '../parts/heads';
import { plainMlp } from '../parts/mlp';
import type { ModelBuilder } from '../parts/modelBuilder';
import { patchesOf, vitAttention } from '../parts/visionTransformer';

interface VitOptions {
  readonly modelType: string;
  readonly className: string;
  /** A second token beside the class token, for distillation. */
  readonly distilled: boolean;
}

interface Parts {
  readonly maskToken?: boolean;
  readonly pooler?: boolean;
}

function vitModel(config: ConfigReader, model: ModelBuilder, options: VitOptions, parts: Parts = {}): number {
  const hidden = config.size('hidden_size');
  config.quotient('hidden_size', 'num_attention_heads');
  const sizes = {
    hidden,
    heads: config.heads('num_attention_heads'),
    intermediate: config.size('intermediate_size'),
  };
  const patches = patchesOf(config);
  const qkvBias = config.flag('qkv_bias');
  model.facts = { ...model.facts, hidden, activation: config.text('hidden_act') };
  model.scope('embeddings', () => {
    model.parameter('cls_token', [1, 1, hidden], 'embedding');
    if (parts.maskToken === true) model.parameter('mask_token', [1, 1, hidden], 'embedding');
    if (options.distilled) model.parameter('distillation_token', [1, 1, hidden], 'embedding');
    const tokens = patches.count + (options.distilled ? 2 : 1);
    model.parameter('position_embeddings', [1, tokens, hidden], 'position');
    model.conv(
      'patch_embeddings.projection',
      [hidden, config.size('num_channels'), ...patches.size],
      'embedding',
    );
  });
  model.stack('layers', config.layers('num_hidden_layers'), hidden, () => {
    vitAttention(model, 'attention', sizes, qkvBias);
    model.layerNorm('layernorm_before', hidden);
    model.layerNorm('layernorm_after', hidden);
    plainMlp(model, 'mlp', hidden, sizes.intermediate, { names: ['fc1', 'fc2'] });
  });
  model.layerNorm('layernorm', hidden);
  if (parts.pooler === true)
    model.linear('pooler.dense', hidden, config.optionalSize('pooler_output_size') ?? hidden, 'pooler', true);
  return hidden;
}

function vitFamily(options: VitOptions): Family {
  const { modelType, className } = options;
  const base = modelType;
  const vision = (config: ConfigReader, model: ModelBuilder, parts: Parts = {}): number =>
    model.component('vision', () => model.scope(base, () => vitModel(config, model, options, parts)));
  const classifier = (suffix: string, heads: readonly string[]): Architecture => ({
    name: className + suffix,
    modelType,
    task: 'classify',
    build(config, model) {
      const hidden = vision(config, model);
      for (const head of heads) tokenHead(model, head, hidden, config.labels(), true);
    },
  });
  const architectures: readonly Architecture[] = [
    classifier('ForImageClassification', ['classifier']),
    ...(options.distilled
      ? [classifier('ForImageClassificationWithTeacher', ['cls_classifier', 'distillation_classifier'])]
      : []),
    {
      name: `${className}Model`,
      modelType,
      task: 'vision',
      build: (config, model) =>
        void model.component('vision', () => vitModel(config, model, options, { pooler: true })),
    },
    {
      name: `${className}ForMaskedImageModeling`,
      modelType,
      task: 'vision',
      build(config, model) {
        const hidden = vision(config, model, { maskToken: true });
        model.component('vision', () => pixelDecoder(config, model, hidden));
      },
    },
  ];
  return { architectures };
}

/** One convolution from the last hidden state to the pixels that it stands for. */
export function pixelDecoder(config: ConfigReader, model: ModelBuilder, hidden: number): void {
  const stride = config.size('encoder_stride');
  model.conv('decoder.0', [stride * stride * config.size('num_channels'), hidden, 1, 1], 'head');
}

/** ViT. Source: transformers models/vit. */
export const vit = vitFamily({ modelType: 'vit', className: 'ViT', distilled: false });

/** DeiT: ViT with a distillation token. Source: transformers models/deit. */
export const deit = vitFamily({ modelType: 'deit', className: 'DeiT', distilled: true });
