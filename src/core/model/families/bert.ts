import type { ConfigReader } from '../configReader';
import type { Architecture, Family } from '../family';
import { bertLayer } from '../parts/encoder';
import { tokenHead } from '../parts/heads';
import type { ModelBuilder } from '../parts/modelBuilder';

/** What a task class adds to the base model. */
interface Task {
  readonly task: Architecture['task'];
  readonly pooler: boolean;
  readonly head: (model: ModelBuilder, config: ConfigReader, hidden: number) => void;
}

/** Embeddings, layers and pooler; the names are those below `bert.`. */
export function bertModel(config: ConfigReader, model: ModelBuilder, pooler: boolean): number {
  const hidden = config.size('hidden_size');
  const vocab = config.size('vocab_size');
  const heads = config.heads('num_attention_heads');
  const positions = config.size('max_position_embeddings');
  const sizes = {
    hidden,
    heads,
    kvHeads: heads,
    headDim: config.quotient('hidden_size', 'num_attention_heads'),
    intermediate: config.size('intermediate_size'),
  };
  const decoder = config.flag('is_decoder');
  const cross = config.flag('add_cross_attention');
  model.facts = {
    ...model.facts,
    hidden,
    vocab,
    maxContext: positions,
    activation: config.text('hidden_act'),
  };
  if (cross && !decoder)
    model.assume(
      'add_cross_attention without is_decoder, which the library refuses: read as a layer of both attentions',
    );
  model.scope('embeddings', () => {
    model.embedding('word_embeddings', vocab, hidden);
    model.embedding('position_embeddings', positions, hidden, 'position');
    model.embedding('token_type_embeddings', config.size('type_vocab_size'), hidden, 'position');
    model.layerNorm('LayerNorm', hidden);
  });
  model.scope('encoder', () =>
    model.stack('layer', config.layers('num_hidden_layers'), hidden, () =>
      bertLayer(model, sizes, { causal: decoder, cross }),
    ),
  );
  if (pooler) model.linear('pooler.dense', hidden, hidden, 'pooler', true);
  return hidden;
}

/** The masked-language head: its bias is a parameter of its own that the output layer shares when tied. */
function predictions(model: ModelBuilder, config: ConfigReader, hidden: number): void {
  const vocab = config.size('vocab_size');
  model.scope('cls.predictions', () => {
    model.parameter('bias', [vocab], 'head');
    model.linear('transform.dense', hidden, hidden, 'classifier', true);
    model.layerNorm('transform.LayerNorm', hidden);
    model.linear('decoder', hidden, vocab, 'head', true);
  });
  if (config.flag('tie_word_embeddings')) {
    model.tie('cls.predictions.decoder.weight', 'bert.embeddings.word_embeddings.weight');
    model.tie('cls.predictions.decoder.bias', 'cls.predictions.bias');
  }
}

const nextSentence = (model: ModelBuilder, hidden: number): void =>
  tokenHead(model, 'cls.seq_relationship', hidden, 2, true);

const tasks: Readonly<Record<string, Task>> = {
  BertForMaskedLM: { task: 'embed', pooler: false, head: predictions },
  BertForPreTraining: {
    task: 'embed',
    pooler: true,
    head(model, config, hidden) {
      predictions(model, config, hidden);
      nextSentence(model, hidden);
    },
  },
  BertLMHeadModel: { task: 'generate', pooler: false, head: predictions },
  BertForNextSentencePrediction: {
    task: 'classify',
    pooler: true,
    head: (model, _config, hidden) => nextSentence(model, hidden),
  },
  BertForSequenceClassification: {
    task: 'classify',
    pooler: true,
    head: (model, config, hidden) => tokenHead(model, 'classifier', hidden, config.labels(), true),
  },
  BertForMultipleChoice: {
    task: 'classify',
    pooler: true,
    head: (model, _config, hidden) => tokenHead(model, 'classifier', hidden, 1, true),
  },
  BertForTokenClassification: {
    task: 'classify',
    pooler: false,
    head: (model, config, hidden) => tokenHead(model, 'classifier', hidden, config.labels(), true),
  },
  BertForQuestionAnswering: {
    task: 'classify',
    pooler: false,
    head: (model, config, hidden) => tokenHead(model, 'qa_outputs', hidden, config.labels(), true),
  },
};

/** BERT. Its base class stands for the model type: an encoder has no causal language model. Source: transformers models/bert. */
export const bert: Family = {
  architectures: [
    {
      name: 'BertModel',
      modelType: 'bert',
      task: 'embed',
      build: (config, model) => void bertModel(config, model, true),
    },
    ...Object.entries(tasks).map(([name, task]): Architecture => ({
      name,
      modelType: 'bert',
      task: task.task,
      build(config, model) {
        const hidden = model.scope('bert', () => bertModel(config, model, task.pooler));
        task.head(model, config, hidden);
      },
    })),
  ],
};
