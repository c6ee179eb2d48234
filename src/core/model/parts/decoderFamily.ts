import type { ConfigReader } from '../configReader';
import type { Architecture, Family } from '../family';
import { causalHead, tokenHead } from './heads';
import type { ModelBuilder } from './modelBuilder';

/** What the heads on top of a decoder need to know of it. */
export interface Backbone {
  readonly hidden: number;
  readonly vocab: number;
  /** Name of the token embedding within the base model. */
  readonly embedding?: string;
}

/** A task class on top of the base model. */
export interface TaskClass {
  /** What follows the family's name, e.g. `ForSequenceClassification`. */
  readonly suffix: string;
  /** Attribute that holds the base model, when it differs from the family's. */
  readonly base?: string;
  readonly task: Architecture['task'];
  readonly head: (model: ModelBuilder, config: ConfigReader, backbone: Backbone) => void;
}

export interface DecoderOptions {
  readonly modelType: string;
  /** What class names start with, e.g. `Llama`. */
  readonly className: string;
  /** Attribute that holds the base model in the task classes. */
  readonly base?: string;
  /** Name and bias of the output layer of `ForCausalLM`; `storedName` where checkpoints call it otherwise. */
  readonly output?: { readonly name?: string; readonly bias?: boolean; readonly storedName?: string };
  /** The output layer's bias where the config decides on it. */
  readonly outputBias?: (config: ConfigReader) => boolean;
  /** The output layer is tied where the config does not say. */
  readonly tiedWhenSilent?: boolean;
  /** The output layer has its own memory whatever the config says. */
  readonly neverTied?: boolean;
  /** Other keys that say whether the output layer is tied; the first one that the config has wins over `tie_word_embeddings`. */
  readonly tieKeys?: readonly string[];
  /** What a checkpoint calls a tensor of `ForCausalLM`, made of the library's name, where they differ throughout. */
  readonly storedName?: (name: string) => string;
  /** Names of classes that do not follow `…ForCausalLM` and `…Model`. */
  readonly causalName?: string;
  readonly bareName?: string;
  /** Other task classes; those that most decoders have when absent. */
  readonly tasks?: readonly TaskClass[];
  /** The base model without a prefix: embeddings, layers, last norm. Sets `model.facts`. */
  readonly backbone: (config: ConfigReader, model: ModelBuilder) => Backbone;
}

/** A family whose base model can stand within another model. */
export interface DecoderFamily extends Family {
  readonly modelType: string;
  readonly backbone: (config: ConfigReader, model: ModelBuilder) => Backbone;
}

export const sequenceClassification: TaskClass = {
  suffix: 'ForSequenceClassification',
  task: 'classify',
  head: (model, config, { hidden }) => tokenHead(model, 'score', hidden, config.labels(), false),
};

export const tokenClassification: TaskClass = {
  suffix: 'ForTokenClassification',
  task: 'classify',
  head: (model, config, { hidden }) => tokenHead(model, 'score', hidden, config.labels(), true),
};

/** `base` is `transformer` in the older classes. */
export function questionAnswering(base?: string): TaskClass {
  return {
    suffix: 'ForQuestionAnswering',
    task: 'classify',
    ...(base === undefined ? {} : { base }),
    head: (model, _config, { hidden }) => tokenHead(model, 'qa_outputs', hidden, 2, true),
  };
}

/**
 * The classes of a decoder: `ForCausalLM` (with the output layer tied when `tie_word_embeddings` says so), the bare
 * `Model`, and the task classes, all around one base model.
 */
export function decoderFamily(options: DecoderOptions): DecoderFamily {
  const { modelType, className, backbone } = options;
  const base = options.base ?? 'model';
  const output = options.output?.name ?? 'lm_head';
  const tieKeys = [...(options.tieKeys ?? []), 'tie_word_embeddings'];
  const tied = (config: ConfigReader): boolean => {
    const key = tieKeys.find((one) => config.has(one));
    return key === undefined && options.tiedWhenSilent === true
      ? true
      : config.flag(key ?? 'tie_word_embeddings');
  };
  const tasks = options.tasks ?? [sequenceClassification, tokenClassification];

  const buildCausal: Architecture['build'] = (config, model) => {
    const made = model.scope(base, () => backbone(config, model));
    causalHead(model, {
      name: output,
      hidden: made.hidden,
      vocab: made.vocab,
      bias: options.outputBias?.(config) ?? options.output?.bias ?? false,
      storedName: options.output?.storedName ?? null,
      tiedTo:
        options.neverTied !== true && tied(config)
          ? `${base}.${made.embedding ?? 'embed_tokens'}.weight`
          : null,
    });
  };
  const causal: Architecture = {
    name: options.causalName ?? `${className}ForCausalLM`,
    modelType,
    task: 'generate',
    build: (config, model) =>
      options.storedName === undefined
        ? buildCausal(config, model)
        : model.storedAs(options.storedName, () => buildCausal(config, model)),
  };
  const bare: Architecture = {
    name: options.bareName ?? `${className}Model`,
    modelType,
    task: 'embed',
    build: (config, model) => void backbone(config, model),
  };
  const others = tasks.map((task): Architecture => ({
    name: className + task.suffix,
    modelType,
    task: task.task,
    build(config, model) {
      const made = model.scope(task.base ?? base, () => backbone(config, model));
      task.head(model, config, made);
    },
  }));
  return { modelType, backbone, architectures: [causal, bare, ...others] };
}
