import type { ConfigReader } from '../configReader';
import type { Architecture, Family } from '../family';
import { tokenHead } from '../parts/heads';
import type { ModelBuilder } from '../parts/modelBuilder';
import { clipLayer, visionSizes, type VisionSizes } from '../parts/visionTransformer';

/** Text tower of CLIP and SigLIP: tokens, positions, layers, last norm. It is run once over a prompt and keeps nothing. */
export function textEmbeddings(config: ConfigReader, model: ModelBuilder): { readonly hidden: number } {
  const hidden = config.size('hidden_size');
  const vocab = config.size('vocab_size');
  const positions = config.size('max_position_embeddings');
  config.quotient('hidden_size', 'num_attention_heads');
  const sizes = {
    hidden,
    heads: config.heads('num_attention_heads'),
    intermediate: config.size('intermediate_size'),
  };
  model.facts = {
    ...model.facts,
    hidden,
    vocab,
    maxContext: positions,
    activation: config.text('hidden_act'),
  };
  model.scope('embeddings', () => {
    model.embedding('token_embedding', vocab, hidden);
    model.embedding('position_embedding', positions, hidden, 'position');
  });
  model.scope('encoder', () =>
    model.stack('layers', config.layers('num_hidden_layers'), hidden, () => clipLayer(model, sizes)),
  );
  model.layerNorm('final_layer_norm', hidden);
  return { hidden };
}

/** CLIP's vision tower without a prefix. `pre_layrnorm` is the library's own spelling. */
export function clipVision(config: ConfigReader, model: ModelBuilder): VisionSizes {
  const sizes = visionSizes(config);
  const { hidden, patch, channels } = sizes;
  model.component('vision', () => {
    model.scope('embeddings', () => {
      model.parameter('class_embedding', [hidden], 'embedding');
      model.conv('patch_embedding', [hidden, channels, patch, patch], 'embedding', false);
      model.embedding('position_embedding', sizes.patches + 1, hidden, 'position');
    });
    model.layerNorm('pre_layrnorm', hidden);
    model.scope('encoder', () => model.stack('layers', sizes.layers, hidden, () => clipLayer(model, sizes)));
    model.layerNorm('post_layernorm', hidden);
  });
  return sizes;
}

function visionAlone(config: ConfigReader, model: ModelBuilder): number {
  const { hidden } = clipVision(config, model);
  model.facts = { ...model.facts, hidden };
  return hidden;
}

/** A section, or its old second spelling `…_dict`, which wins where a config still has both. */
function tower(config: ConfigReader, key: 'text_config' | 'vision_config'): ConfigReader {
  const old = config.value(`${key}_dict`);
  const name = key === 'text_config' ? 'clip_text_model' : 'clip_vision_model';
  return old === undefined || old === null ? config.section(key, name) : config.section(`${key}_dict`, name);
}

const architectures: readonly Architecture[] = [
  {
    name: 'CLIPModel',
    modelType: 'clip',
    task: 'embed',
    build(config, model) {
      const width = config.size('projection_dim');
      model.parameter('logit_scale', []);
      const vision = model.scope('vision_model', () => clipVision(tower(config, 'vision_config'), model));
      const text = model.scope('text_model', () => textEmbeddings(tower(config, 'text_config'), model));
      model.linear('visual_projection', vision.hidden, width, 'projector');
      model.linear('text_projection', text.hidden, width, 'projector');
    },
  },
  {
    name: 'CLIPForImageClassification',
    modelType: 'clip',
    task: 'classify',
    build(config, model) {
      const hidden = model.scope('vision_model', () => visionAlone(tower(config, 'vision_config'), model));
      tokenHead(model, 'classifier', hidden, config.labels(), true);
    },
  },
  {
    name: 'CLIPTextModel',
    modelType: 'clip_text_model',
    task: 'embed',
    build: (config, model) => void textEmbeddings(config, model),
  },
  {
    name: 'CLIPTextModelWithProjection',
    modelType: 'clip_text_model',
    task: 'embed',
    build(config, model) {
      const { hidden } = model.scope('text_model', () => textEmbeddings(config, model));
      model.linear('text_projection', hidden, config.size('projection_dim'), 'projector');
    },
  },
  {
    name: 'CLIPVisionModel',
    modelType: 'clip_vision_model',
    task: 'vision',
    build: (config, model) => void visionAlone(config, model),
  },
  {
    name: 'CLIPVisionModelWithProjection',
    modelType: 'clip_vision_model',
    task: 'vision',
    build(config, model) {
      const hidden = model.scope('vision_model', () => visionAlone(config, model));
      model.linear('visual_projection', hidden, config.size('projection_dim'), 'projector');
    },
  },
];

/** CLIP, its towers alone, and with their projections. Source: transformers models/clip. */
export const clip: Family = { architectures };
