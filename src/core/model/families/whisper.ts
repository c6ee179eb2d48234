import type { ConfigReader } from '../configReader';
import type { Architecture, Family } from '../family';
import { bartLayers, halfSizes } from '../parts/encoderDecoder';
import { causalHead, tokenHead } from '../parts/heads';
import type { ModelBuilder } from '../parts/modelBuilder';

/** Two convolutions over the mel spectrogram, then layers. The names are those below `encoder.`. */
export function whisperEncoder(config: ConfigReader, model: ModelBuilder): number {
  const sizes = halfSizes(config, 'encoder');
  const { hidden } = sizes;
  model.conv('conv1', [hidden, config.size('num_mel_bins'), 3], 'embedding');
  model.conv('conv2', [hidden, hidden, 3], 'embedding');
  model.embedding('embed_positions', config.size('max_source_positions'), hidden, 'position');
  bartLayers(model, 'encoder', sizes, { keyBias: false });
  model.layerNorm('layer_norm', hidden);
  return hidden;
}

function facts(config: ConfigReader, model: ModelBuilder): void {
  model.facts = {
    ...model.facts,
    hidden: config.size('d_model'),
    vocab: config.size('vocab_size'),
    maxContext: config.size('max_target_positions'),
    activation: config.text('activation_function'),
  };
}

function encoder(config: ConfigReader, model: ModelBuilder): void {
  model.component('encoder', () => model.scope('encoder', () => whisperEncoder(config, model)));
}

function decoder(config: ConfigReader, model: ModelBuilder): void {
  const sizes = halfSizes(config, 'decoder');
  const { hidden } = sizes;
  model.component('decoder', () =>
    model.scope('decoder', () => {
      model.embedding('embed_tokens', config.size('vocab_size'), hidden);
      model.embedding('embed_positions', config.size('max_target_positions'), hidden, 'position');
      bartLayers(model, 'decoder', sizes, {
        keyBias: false,
        crossTokens: config.size('max_source_positions'),
      });
      model.layerNorm('layer_norm', hidden);
    }),
  );
}

function bothHalves(config: ConfigReader, model: ModelBuilder): void {
  facts(config, model);
  encoder(config, model);
  decoder(config, model);
}

function head(config: ConfigReader, model: ModelBuilder): void {
  const tiedTo = config.flag('tie_word_embeddings') ? 'model.decoder.embed_tokens.weight' : null;
  const { hidden, vocab } = model.facts;
  model.component('decoder', () =>
    causalHead(model, { name: 'proj_out', hidden, vocab, bias: false, tiedTo }),
  );
}

const modelType = 'whisper';

const architectures: readonly Architecture[] = [
  {
    name: 'WhisperForConditionalGeneration',
    modelType,
    task: 'transcribe',
    build(config, model) {
      model.scope('model', () => bothHalves(config, model));
      head(config, model);
    },
  },
  { name: 'WhisperModel', modelType, task: 'embed', build: bothHalves },
  {
    name: 'WhisperForCausalLM',
    modelType,
    task: 'transcribe',
    build(config, model) {
      facts(config, model);
      model.scope('model', () => decoder(config, model));
      head(config, model);
    },
  },
  {
    name: 'WhisperForAudioClassification',
    modelType,
    task: 'classify',
    build(config, model) {
      facts(config, model);
      encoder(config, model);
      if (config.flag('use_weighted_layer_sum'))
        model.parameter('layer_weights', [config.layers('encoder_layers') + 1]);
      const width = config.size('classifier_proj_size');
      tokenHead(model, 'projector', config.size('d_model'), width, true);
      tokenHead(model, 'classifier', width, config.labels(), true);
    },
  },
];

/** Whisper. Every utterance fills the encoder's 30 seconds, so cross-attention has a fixed length. Source: transformers models/whisper. */
export const whisper: Family = { architectures };
