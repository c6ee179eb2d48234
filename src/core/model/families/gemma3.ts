import type { ConfigReader } from '../configReader';
import type { Architecture, Family } from '../family';
import { separateAttention } from '../parts/attention';
import { type Backbone, decoderFamily, sequenceClassification } from '../parts/decoderFamily';
import { causalHead } from '../parts/heads';
import { llamaFrame, llamaSizes } from '../parts/llamaShape';
import { gatedMlp } from '../parts/mlp';
import type { ModelBuilder } from '../parts/modelBuilder';
import { layerWindows } from '../parts/windows';
import { gemmaNorms, gemmaSoftcaps } from './gemma2';
import { siglipVision } from './siglip';

/** The text model of Gemma 3: a full layer after every five with a window, or as `sliding_window_pattern` says. */
function textModel(config: ConfigReader, model: ModelBuilder): Backbone {
  const sizes = llamaSizes(config, { exact: true });
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

/** Vision tower, projector and text model: what `Gemma3Model` holds. */
function multimodal(config: ConfigReader, model: ModelBuilder): Backbone {
  const vision = model.component('vision', () =>
    model.scope('vision_tower', () =>
      siglipVision(config.section('vision_config', 'siglip_vision_model'), model),
    ),
  );
  const text = config.section('text_config', 'gemma3_text');
  const hidden = text.size('hidden_size');
  model.component('projector', () =>
    model.scope('multi_modal_projector', () => {
      model.parameter('mm_input_projection_weight', [vision.hidden, hidden], 'projector');
      model.rmsNorm('mm_soft_emb_norm', vision.hidden);
    }),
  );
  return model.scope('language_model', () => textModel(text, model));
}

const withVision: readonly Architecture[] = [
  {
    name: 'Gemma3ForConditionalGeneration',
    modelType: 'gemma3',
    task: 'generate',
    build(config, model) {
      const { hidden, vocab } = model.scope('model', () => multimodal(config, model));
      const embedding = 'model.language_model.embed_tokens.weight';
      const tiedTo = config.flag('tie_word_embeddings') ? embedding : null;
      causalHead(model, { name: 'lm_head', hidden, vocab, bias: false, tiedTo });
    },
  },
  {
    name: 'Gemma3Model',
    modelType: 'gemma3',
    task: 'embed',
    build: (config, model) => void multimodal(config, model),
  },
];

/** Gemma 3 with and without vision. Source: transformers models/gemma3. */
export const gemma3: Family = { architectures: [...text.architectures, ...withVision] };
