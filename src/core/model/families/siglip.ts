import type { ConfigReader } from '../configReader';
import type { Architecture, Family } from '../family';
import { tokenHead } from '../parts/heads';
import type { ModelBuilder } from '../parts/modelBuilder';
import { clipLayer, visionSizes, type VisionSizes } from '../parts/visionTransformer';
import { textEmbeddings } from './clip';

/** Layers, last norm and pooling head: what the vision towers of SigLIP 1 and 2 have in common. */
function tower(
  model: ModelBuilder,
  sizes: {
    readonly hidden: number;
    readonly layers: number;
    readonly heads: number;
    readonly intermediate: number;
  },
  head: boolean,
): void {
  const { hidden, intermediate } = sizes;
  model.scope('encoder', () => model.stack('layers', sizes.layers, hidden, () => clipLayer(model, sizes)));
  model.layerNorm('post_layernorm', hidden);
  if (head)
    model.scope('head', () => {
      model.parameter('probe', [1, 1, hidden], 'pooler');
      // torch.nn.MultiheadAttention keeps q, k and v in one bare parameter.
      model.parameter('attention.in_proj_weight', [3 * hidden, hidden], 'pooler');
      model.parameter('attention.in_proj_bias', [3 * hidden], 'pooler');
      model.derivedLinears(() => model.linear('attention.out_proj', hidden, hidden, 'pooler', true));
      model.layerNorm('layernorm', hidden);
      model.linear('mlp.fc1', hidden, intermediate, 'pooler', true);
      model.linear('mlp.fc2', intermediate, hidden, 'pooler', true);
    });
}

/** SigLIP's vision tower without a prefix, its pooling head where `vision_use_head` asks for it. Source: transformers models/siglip. */
export function siglipVision(
  config: ConfigReader,
  model: ModelBuilder,
  head = config.value('vision_use_head') === undefined || config.flag('vision_use_head'),
): VisionSizes {
  const sizes = visionSizes(config);
  const { hidden, patch, channels, patches } = sizes;
  model.scope('embeddings', () => {
    model.conv('patch_embedding', [hidden, channels, patch, patch], 'embedding');
    model.embedding('position_embedding', patches, hidden, 'position');
  });
  tower(model, sizes, head);
  return sizes;
}

/** SigLIP 2: patches come cut and flat, and the position table is resized to them. Source: transformers models/siglip2. */
export function siglip2Vision(config: ConfigReader, model: ModelBuilder): { readonly hidden: number } {
  const hidden = config.size('hidden_size');
  const patch = config.size('patch_size');
  config.quotient('hidden_size', 'num_attention_heads');
  model.scope('embeddings', () => {
    model.linear('patch_embedding', config.size('num_channels') * patch * patch, hidden, 'embedding', true);
    model.embedding('position_embedding', config.size('num_patches'), hidden, 'position');
  });
  const sizes = {
    hidden,
    layers: config.layers('num_hidden_layers'),
    heads: config.heads('num_attention_heads'),
    intermediate: config.size('intermediate_size'),
  };
  tower(model, sizes, config.value('vision_use_head') === undefined || config.flag('vision_use_head'));
  return { hidden };
}

/** Text tower: its head gives the width that images are compared in. */
function siglipText(config: ConfigReader, model: ModelBuilder): void {
  const { hidden } = textEmbeddings(config, model);
  model.linear('head', hidden, config.optionalSize('projection_size') ?? hidden, 'pooler', true);
}

interface SiglipOptions {
  readonly modelType: string;
  readonly className: string;
  readonly vision: (config: ConfigReader, model: ModelBuilder) => { readonly hidden: number };
}

function siglipFamily({ modelType, className, vision }: SiglipOptions): Family {
  const sectionVision = (config: ConfigReader, model: ModelBuilder): { readonly hidden: number } =>
    model.component('vision', () =>
      model.scope('vision_model', () => vision(config.section('vision_config'), model)),
    );
  const architectures: readonly Architecture[] = [
    {
      name: `${className}Model`,
      modelType,
      task: 'embed',
      build(config, model) {
        model.parameter('logit_scale', [1]);
        model.parameter('logit_bias', [1]);
        model.scope('text_model', () => siglipText(config.section('text_config'), model));
        sectionVision(config, model);
      },
    },
    {
      name: `${className}ForImageClassification`,
      modelType,
      task: 'classify',
      build(config, model) {
        const { hidden } = sectionVision(config, model);
        model.facts = { ...model.facts, hidden };
        tokenHead(model, 'classifier', hidden, config.labels(), true);
      },
    },
    {
      name: `${className}TextModel`,
      modelType: `${modelType}_text_model`,
      task: 'embed',
      build: siglipText,
    },
    {
      name: `${className}VisionModel`,
      modelType: `${modelType}_vision_model`,
      task: 'vision',
      build(config, model) {
        const { hidden } = model.component('vision', () => vision(config, model));
        model.facts = { ...model.facts, hidden };
      },
    },
  ];
  return { architectures };
}

/** SigLIP. Source: transformers models/siglip. */
export const siglip = siglipFamily({ modelType: 'siglip', className: 'Siglip', vision: siglipVision });

/** SigLIP 2 with flexible resolution. Source: transformers models/siglip2. */
export const siglip2 = siglipFamily({ modelType: 'siglip2', className: 'Siglip2', vision: siglip2Vision });
