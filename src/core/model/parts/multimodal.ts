import type { ConfigReader } from '../configReader';
import type { Architecture, Family } from '../family';
import type { Backbone } from './decoderFamily';
import { causalHead } from './heads';
import type { ModelBuilder } from './modelBuilder';

export interface MultimodalOptions {
  readonly modelType: string;
  /** What class names start with, e.g. `Llava`. */
  readonly className: string;
  /** Module that holds the language model. */
  readonly text?: string;
  /** Whether the output layer is tied; `tie_word_embeddings` of the whole config when absent. */
  readonly tied?: (config: ConfigReader) => boolean;
  /** Everything but the output layer, without a prefix; gives the language model. */
  readonly inner: (config: ConfigReader, model: ModelBuilder) => Backbone;
}

/** `…ForConditionalGeneration` and `…Model` of a language model that also reads images or sound. */
export function multimodalFamily(options: MultimodalOptions): Family {
  const { modelType, className, inner } = options;
  const text = options.text ?? 'language_model';
  const architectures: readonly Architecture[] = [
    {
      name: `${className}ForConditionalGeneration`,
      modelType,
      task: 'generate',
      build(config, model) {
        const { hidden, vocab, embedding } = model.scope('model', () => inner(config, model));
        const tied = options.tied?.(config) ?? config.flag('tie_word_embeddings');
        const tiedTo = tied ? `model.${text}.${embedding ?? 'embed_tokens'}.weight` : null;
        causalHead(model, { name: 'lm_head', hidden, vocab, bias: false, tiedTo });
      },
    },
    {
      name: `${className}Model`,
      modelType,
      task: 'embed',
      build: (config, model) => void inner(config, model),
    },
  ];
  return { architectures };
}
