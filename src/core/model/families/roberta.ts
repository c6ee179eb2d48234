import type { ConfigReader } from '../configReader';
import type { Architecture, Family } from '../family';
import { tokenHead } from '../parts/heads';
import type { ModelBuilder } from '../parts/modelBuilder';
import { bertModel } from './bert';

interface Task {
  readonly task: Architecture['task'];
  readonly pooler?: boolean;
  readonly head: (model: ModelBuilder, config: ConfigReader, hidden: number) => void;
}

/** Positions start after the padding token's, number 1: that many rows of the table are never a position. */
const RESERVED_POSITIONS = 2;

function robertaModel(config: ConfigReader, model: ModelBuilder, pooler: boolean): number {
  const hidden = bertModel(config, model, pooler);
  const { maxContext } = model.facts;
  model.facts = {
    ...model.facts,
    maxContext: maxContext === null ? null : Math.max(1, maxContext - RESERVED_POSITIONS),
  };
  return hidden;
}

function languageHead(model: ModelBuilder, config: ConfigReader, hidden: number): void {
  const vocab = config.size('vocab_size');
  model.scope('lm_head', () => {
    model.parameter('bias', [vocab], 'head');
    model.linear('dense', hidden, hidden, 'classifier', true);
    model.layerNorm('layer_norm', hidden);
    model.linear('decoder', hidden, vocab, 'head', true);
  });
  if (config.flag('tie_word_embeddings')) {
    model.tie('lm_head.decoder.weight', 'roberta.embeddings.word_embeddings.weight');
    model.tie('lm_head.decoder.bias', 'lm_head.bias');
  }
}

const tasks: Readonly<Record<string, Task>> = {
  ForMaskedLM: { task: 'embed', head: languageHead },
  ForCausalLM: { task: 'generate', head: languageHead },
  ForSequenceClassification: {
    task: 'classify',
    head(model, config, hidden) {
      tokenHead(model, 'classifier.dense', hidden, hidden, true);
      tokenHead(model, 'classifier.out_proj', hidden, config.labels(), true);
    },
  },
  ForMultipleChoice: {
    task: 'classify',
    pooler: true,
    head: (model, _config, hidden) => tokenHead(model, 'classifier', hidden, 1, true),
  },
  ForTokenClassification: {
    task: 'classify',
    head: (model, config, hidden) => tokenHead(model, 'classifier', hidden, config.labels(), true),
  },
  ForQuestionAnswering: {
    task: 'classify',
    head: (model, config, hidden) => tokenHead(model, 'qa_outputs', hidden, config.labels(), true),
  },
};

/** The classes of RoBERTa under a name: XLM-RoBERTa's are the same ones. */
function robertaClasses(modelType: string, className: string): readonly Architecture[] {
  return [
    {
      name: `${className}Model`,
      modelType,
      task: 'embed',
      build: (config, model) => void robertaModel(config, model, true),
    },
    ...Object.entries(tasks).map(([suffix, task]): Architecture => ({
      name: className + suffix,
      modelType,
      task: task.task,
      build(config, model) {
        const hidden = model.scope('roberta', () => robertaModel(config, model, task.pooler ?? false));
        task.head(model, config, hidden);
      },
    })),
  ];
}

/** RoBERTa: BERT's modules with other heads. Source: transformers models/roberta and xlm_roberta. */
export const roberta: Family = {
  architectures: [...robertaClasses('roberta', 'Roberta'), ...robertaClasses('xlm-roberta', 'XLMRoberta')],
};
