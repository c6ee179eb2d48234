import type { ConfigReader } from '../configReader';
import type { Family } from '../family';
import type { Backbone } from '../parts/decoderFamily';
import type { ModelBuilder } from '../parts/modelBuilder';
import { multimodalFamily } from '../parts/multimodal';
import { clipVision } from './clip';
import { languageModel } from './languageModels';
import { pixtralVision } from './pixtral';
import { siglipVision } from './siglip';

type Tower = (config: ConfigReader, model: ModelBuilder) => { readonly hidden: number };

const towers: ReadonlyMap<unknown, Tower> = new Map<unknown, Tower>([
  ['clip_vision_model', clipVision],
  ['siglip_vision_model', (config, model) => siglipVision(config, model)],
  ['pixtral', pixtralVision],
]);

/** The tower that `vision_config.model_type` names, in a module `vision_tower`; gives its width. */
export function visionTower(config: ConfigReader, model: ModelBuilder): number {
  const section = config.section('vision_config');
  const named = section.value('model_type') ?? section.modelType;
  const tower = towers.get(named);
  if (tower === undefined) {
    section.problem('model_type', `one of ${[...towers.keys()].join(', ')}`);
    return 1;
  }
  return model.component('vision', () => model.scope('vision_tower', () => tower(section, model))).hidden;
}

/** How many vision layers the projector sees at once: `vision_feature_layer` is a number or a list. */
export function featureLayers(config: ConfigReader): number {
  const value = config.value('vision_feature_layer');
  return Array.isArray(value) ? Math.max(value.length, 1) : 1;
}

/** Two matrices from the vision width to the text width. */
function projector(config: ConfigReader, model: ModelBuilder, from: number, to: number): void {
  const bias = config.flag('multimodal_projector_bias');
  model.component('projector', () =>
    model.scope('multi_modal_projector', () => {
      model.linear('linear_1', from, to, 'projector', bias);
      model.linear('linear_2', to, to, 'projector', bias);
    }),
  );
}

function llavaInner(config: ConfigReader, model: ModelBuilder, newline: boolean): Backbone {
  const vision = visionTower(config, model);
  const text = config.section('text_config');
  const width = text.size('hidden_size');
  if (newline) model.component('projector', () => model.parameter('image_newline', [width], 'projector'));
  projector(config, model, vision * featureLayers(config), width);
  return model.scope('language_model', () => languageModel(text, model));
}

/** Older configs say in the text section that the output layer is tied. */
function tiedAnywhere(config: ConfigReader): boolean {
  return config.flag('tie_word_embeddings') || config.section('text_config').flag('tie_word_embeddings');
}

/** LLaVA 1.5 and what is stored in its form (Pixtral 12B). Source: transformers models/llava. */
export const llava: Family = multimodalFamily({
  modelType: 'llava',
  className: 'Llava',
  tied: tiedAnywhere,
  inner: (config, model) => llavaInner(config, model, false),
});

/** LLaVA-NeXT (1.6): a learned token ends each row of image tiles. Source: transformers models/llava_next. */
export const llavaNext: Family = multimodalFamily({
  modelType: 'llava_next',
  className: 'LlavaNext',
  inner: (config, model) => llavaInner(config, model, true),
});

/** LLaVA-OneVision. Source: transformers models/llava_onevision. */
export const llavaOnevision: Family = multimodalFamily({
  modelType: 'llava_onevision',
  className: 'LlavaOnevision',
  tied: tiedAnywhere,
  inner: (config, model) => llavaInner(config, model, true),
});

/** PaliGemma 1 and 2: one matrix from SigLIP to Gemma. Source: transformers models/paligemma. */
export const paligemma: Family = multimodalFamily({
  modelType: 'paligemma',
  className: 'PaliGemma',
  inner(config, model) {
    const vision = visionTower(config, model);
    model.component('projector', () =>
      model.linear('multi_modal_projector.linear', vision, config.size('projection_dim'), 'projector', true),
    );
    return model.scope('language_model', () => languageModel(config.section('text_config'), model));
  },
});

/** Mistral Small 3.1 and later: Pixtral's tower, four patches merged into one token. Source: transformers models/mistral3. */
export const mistral3: Family = multimodalFamily({
  modelType: 'mistral3',
  className: 'Mistral3',
  inner(config, model) {
    const vision = visionTower(config, model);
    const text = config.section('text_config');
    const merged = vision * config.size('spatial_merge_size', { max: 1024 }) ** 2;
    model.component('projector', () =>
      model.scope('multi_modal_projector', () => {
        model.rmsNorm('norm', vision);
        model.linear('patch_merger.merging_layer', merged, vision, 'projector');
      }),
    );
    projector(config, model, vision * featureLayers(config), text.size('hidden_size'));
    return model.scope('language_model', () => languageModel(text, model));
  },
});

/** SigLIP, patches shuffled into channels, one matrix, a llama. */
function idefics3Family(modelType: string, className: string): Family {
  return multimodalFamily({
    modelType,
    className,
    text: 'text_model',
    inner(config, model) {
      const { hidden } = model.component('vision', () =>
        model.scope('vision_model', () => siglipVision(config.section('vision_config'), model, false)),
      );
      const text = config.section('text_config');
      const shuffled = hidden * config.size('scale_factor', { max: 1024 }) ** 2;
      model.component('projector', () =>
        model.linear('connector.modality_projection.proj', shuffled, text.size('hidden_size'), 'projector'),
      );
      return model.scope('text_model', () => languageModel(text, model));
    },
  });
}

/** Idefics 3. Source: transformers models/idefics3. */
export const idefics3 = idefics3Family('idefics3', 'Idefics3');

/** SmolVLM. Source: transformers models/smolvlm. */
export const smolvlm = idefics3Family('smolvlm', 'SmolVLM');
