import type { ConfigReader } from '../configReader';
import type { Architecture, Family } from '../family';
import { bartLayers, halfSizes } from './encoderDecoder';
import { causalHead, tokenHead } from './heads';
import type { ModelBuilder } from './modelBuilder';

export interface BartOptions {
  readonly modelType: string;
  readonly className: string;
  /** Name of the class that generates, when it is not `…ForConditionalGeneration`. */
  readonly generating?: string;
  /** Rows of the position table beyond `max_position_embeddings`; null = positions are computed, not stored. */
  readonly extraPositions: number | null;
  /** A norm after the embeddings. */
  readonly embeddingNorm: boolean;
  /** A norm after the last layer of each half. */
  readonly lastNorm: boolean;
  /** A bias of the logits, kept as a buffer. */
  readonly logitsBias: boolean;
  /** The decoder alone as a language model exists. */
  readonly causal: boolean;
  /** Classification and question answering exist; the number of labels that the config class starts with. */
  readonly labels: number | null;
  /** Each half may have an embedding of its own (`share_encoder_decoder_embeddings`). */
  readonly mayNotShare?: boolean;
}

/** Vocabularies of the two halves, and whether one embedding serves both. */
function vocabularies(
  config: ConfigReader,
  options: BartOptions,
): { readonly encoder: number; readonly decoder: number; readonly shared: boolean } {
  const encoder = config.size('vocab_size');
  if (options.mayNotShare !== true) return { encoder, decoder: encoder, shared: true };
  const decoder = config.optionalSize('decoder_vocab_size') ?? encoder;
  return { encoder, decoder, shared: config.flag('share_encoder_decoder_embeddings') };
}

function half(
  config: ConfigReader,
  model: ModelBuilder,
  options: BartOptions,
  side: 'encoder' | 'decoder',
  alone = false,
): void {
  const sizes = halfSizes(config, side);
  const { hidden } = sizes;
  const vocabulary = vocabularies(config, options);
  const rows = side === 'decoder' ? vocabulary.decoder : vocabulary.encoder;
  model.component(side, () =>
    model.scope(side, () => {
      model.embedding('embed_tokens', rows, hidden);
      if (options.extraPositions !== null) {
        const positions = config.size('max_position_embeddings') + options.extraPositions;
        model.embedding('embed_positions', positions, hidden, 'position');
      }
      bartLayers(model, side, sizes, { keepsCross: !alone });
      if (options.embeddingNorm) model.layerNorm('layernorm_embedding', hidden);
      if (options.lastNorm) model.layerNorm('layer_norm', hidden);
    }),
  );
}

function facts(config: ConfigReader, model: ModelBuilder, vocab: number): void {
  model.facts = {
    ...model.facts,
    hidden: config.size('d_model'),
    vocab,
    maxContext: config.size('max_position_embeddings'),
    activation: config.text('activation_function'),
  };
}

/** Encoder and decoder with the embedding that they share. */
function bothHalves(config: ConfigReader, model: ModelBuilder, options: BartOptions): void {
  const vocabulary = vocabularies(config, options);
  facts(config, model, vocabulary.decoder);
  if (vocabulary.shared)
    model.component('encoder', () => model.embedding('shared', vocabulary.encoder, config.size('d_model')));
  half(config, model, options, 'encoder');
  half(config, model, options, 'decoder');
  if (vocabulary.shared && config.flag('tie_word_embeddings'))
    for (const side of ['encoder', 'decoder'])
      model.tie(model.path(`${side}.embed_tokens.weight`), model.path('shared.weight'));
}

function taskClasses(options: BartOptions, labels: number): readonly Architecture[] {
  const { modelType, className } = options;
  return [
    {
      name: `${className}ForSequenceClassification`,
      modelType,
      task: 'classify',
      build(config, model) {
        model.scope('model', () => bothHalves(config, model, options));
        const hidden = config.size('d_model');
        tokenHead(model, 'classification_head.dense', hidden, hidden, true);
        tokenHead(model, 'classification_head.out_proj', hidden, config.labels(labels), true);
      },
    },
    {
      name: `${className}ForQuestionAnswering`,
      modelType,
      task: 'classify',
      build(config, model) {
        model.scope('model', () => bothHalves(config, model, options));
        tokenHead(model, 'qa_outputs', config.size('d_model'), 2, true);
      },
    },
  ];
}

/** The classes of BART and the models that kept its modules. Source: transformers models/bart. */
export function bartFamily(options: BartOptions): Family {
  const { modelType, className } = options;
  const generating: Architecture = {
    name: options.generating ?? `${className}ForConditionalGeneration`,
    modelType,
    task: 'generate',
    build(config, model) {
      const { decoder: vocab, shared } = vocabularies(config, options);
      model.scope('model', () => bothHalves(config, model, options));
      model.component('decoder', () => {
        if (options.logitsBias) model.buffer('final_logits_bias', [1, vocab], 'f32');
        const owner = shared ? 'model.shared.weight' : 'model.decoder.embed_tokens.weight';
        const tiedTo = config.flag('tie_word_embeddings') ? owner : null;
        causalHead(model, { name: 'lm_head', hidden: config.size('d_model'), vocab, bias: false, tiedTo });
      });
    },
  };
  const bare: Architecture = {
    name: `${className}Model`,
    modelType,
    task: 'embed',
    build: (config, model) => bothHalves(config, model, options),
  };
  const causal: Architecture = {
    name: `${className}ForCausalLM`,
    modelType,
    task: 'generate',
    build(config, model) {
      const { encoder, decoder } = vocabularies(config, options);
      facts(config, model, decoder);
      model.scope('model', () => half(config, model, options, 'decoder', true));
      model.component('decoder', () => {
        const tied = config.flag('tie_word_embeddings');
        const tiedTo = tied ? 'model.decoder.embed_tokens.weight' : null;
        // The class makes the output layer from vocab_size, also where the decoder's embedding has other rows.
        const vocab = tied ? decoder : encoder;
        causalHead(model, { name: 'lm_head', hidden: config.size('d_model'), vocab, bias: false, tiedTo });
      });
    },
  };
  return {
    architectures: [
      generating,
      bare,
      ...(options.causal ? [causal] : []),
      ...(options.labels === null ? [] : taskClasses(options, options.labels)),
    ],
  };
}
