import type { ConfigReader } from '../configReader';
import type { Architecture, Family } from '../family';
import { tokenHead } from './heads';
import type { ModelBuilder } from './modelBuilder';

/** What a task class adds to an encoder. */
export interface EncoderTask {
  /** What follows the family's name, e.g. `ForMaskedLM`. */
  readonly suffix: string;
  readonly task: Architecture['task'];
  /** The encoder comes with its pooler. */
  readonly pooler?: boolean;
  readonly head: (model: ModelBuilder, config: ConfigReader, hidden: number) => void;
}

export interface EncoderOptions {
  readonly modelType: string;
  readonly className: string;
  /** Attribute that holds the base model in the task classes. */
  readonly base: string;
  /** The base model alone has a pooler. */
  readonly pooler: boolean;
  /** The base model without a prefix; sets `model.facts` and gives the width of its output. */
  readonly backbone: (config: ConfigReader, model: ModelBuilder, pooler: boolean) => number;
  readonly tasks: readonly EncoderTask[];
}

/** One linear layer named `classifier` per token. */
export const tokenLabels: EncoderTask = {
  suffix: 'ForTokenClassification',
  task: 'classify',
  head: (model, config, hidden) => tokenHead(model, 'classifier', hidden, config.labels(), true),
};

export const answerSpans: EncoderTask = {
  suffix: 'ForQuestionAnswering',
  task: 'classify',
  head: (model, config, hidden) => tokenHead(model, 'qa_outputs', hidden, config.labels(), true),
};

/** `classifier` over the pooled output. */
export const pooledLabels: EncoderTask = {
  suffix: 'ForSequenceClassification',
  task: 'classify',
  pooler: true,
  head: (model, config, hidden) => tokenHead(model, 'classifier', hidden, config.labels(), true),
};

/** RoBERTa's head, which several encoders took over: a dense layer and `out_proj`. */
export const denseLabels: EncoderTask = {
  suffix: 'ForSequenceClassification',
  task: 'classify',
  head(model, config, hidden) {
    tokenHead(model, 'classifier.dense', hidden, hidden, true);
    tokenHead(model, 'classifier.out_proj', hidden, config.labels(), true);
  },
};

export const multipleChoice: EncoderTask = {
  suffix: 'ForMultipleChoice',
  task: 'classify',
  pooler: true,
  head: (model, _config, hidden) => tokenHead(model, 'classifier', hidden, 1, true),
};

/** The base model, which stands for the model type, and its task classes. */
export function encoderFamily(options: EncoderOptions): Family {
  const { modelType, className, backbone } = options;
  const bare: Architecture = {
    name: `${className}Model`,
    modelType,
    task: 'embed',
    build: (config, model) => void backbone(config, model, options.pooler),
  };
  const others = options.tasks.map(({ suffix, task, pooler, head }): Architecture => ({
    name: className + suffix,
    modelType,
    task,
    build(config, model) {
      const hidden = model.scope(options.base, () => backbone(config, model, pooler ?? false));
      head(model, config, hidden);
    },
  }));
  return { architectures: [bare, ...others] };
}

export interface MaskedHeadOptions {
  /** Module that holds the head. */
  readonly scope: string;
  /** Names of the dense layer and the norm before the output layer. */
  readonly dense: string;
  readonly norm: string;
  readonly hidden: number;
  /** Width that the dense layer goes to; that of the embedding. */
  readonly width: number;
  readonly vocab: number;
  /** Full name of the embedding. */
  readonly embedding: string;
  readonly tied: boolean;
}

/** A masked-language head whose bias is a parameter of its own, which the output layer shares when tied. */
export function maskedHead(model: ModelBuilder, options: MaskedHeadOptions): void {
  const { scope, hidden, width, vocab } = options;
  model.scope(scope, () => {
    model.parameter('bias', [vocab], 'head');
    model.linear(options.dense, hidden, width, 'classifier', true);
    model.layerNorm(options.norm, width);
    model.linear('decoder', width, vocab, 'head', true);
  });
  if (!options.tied) return;
  model.tie(`${scope}.decoder.weight`, options.embedding);
  model.tie(`${scope}.decoder.bias`, `${scope}.bias`);
}
