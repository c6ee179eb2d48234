import type { ConfigReader } from '../configReader';
import type { Architecture, Family } from '../family';
import { separateAttention } from '../parts/attention';
import { tokenHead } from '../parts/heads';
import { plainMlp } from '../parts/mlp';
import type { ModelBuilder } from '../parts/modelBuilder';

interface Task {
  readonly head: (model: ModelBuilder, config: ConfigReader, hidden: number) => void;
  readonly task: Architecture['task'];
}

function baseModel(config: ConfigReader, model: ModelBuilder): number {
  const hidden = config.size('dim');
  const vocab = config.size('vocab_size');
  const positions = config.size('max_position_embeddings');
  const heads = config.heads('n_heads');
  const sizes = { hidden, heads, kvHeads: heads, headDim: config.quotient('dim', 'n_heads') };
  const intermediate = config.size('hidden_dim');
  model.facts = {
    ...model.facts,
    hidden,
    vocab,
    maxContext: positions,
    activation: config.text('activation'),
  };
  model.scope('embeddings', () => {
    model.embedding('word_embeddings', vocab, hidden);
    model.embedding('position_embeddings', positions, hidden, 'position');
    model.layerNorm('LayerNorm', hidden);
  });
  model.scope('transformer', () =>
    model.stack('layer', config.layers('n_layers'), hidden, () => {
      separateAttention(model, 'attention', sizes, {
        bias: true,
        causal: false,
        names: ['q_lin', 'k_lin', 'v_lin', 'out_lin'],
      });
      model.layerNorm('sa_layer_norm', hidden);
      plainMlp(model, 'ffn', hidden, intermediate, { names: ['lin1', 'lin2'] });
      model.layerNorm('output_layer_norm', hidden);
    }),
  );
  return hidden;
}

const tasks: Readonly<Record<string, Task>> = {
  DistilBertForMaskedLM: {
    task: 'embed',
    head(model, config, hidden) {
      tokenHead(model, 'vocab_transform', hidden, hidden, true);
      model.layerNorm('vocab_layer_norm', hidden);
      model.linear('vocab_projector', hidden, config.size('vocab_size'), 'head', true);
      if (config.flag('tie_word_embeddings'))
        model.tie('vocab_projector.weight', 'distilbert.embeddings.word_embeddings.weight');
    },
  },
  DistilBertForSequenceClassification: {
    task: 'classify',
    head(model, config, hidden) {
      tokenHead(model, 'pre_classifier', hidden, hidden, true);
      tokenHead(model, 'classifier', hidden, config.labels(), true);
    },
  },
  DistilBertForMultipleChoice: {
    task: 'classify',
    head(model, _config, hidden) {
      tokenHead(model, 'pre_classifier', hidden, hidden, true);
      tokenHead(model, 'classifier', hidden, 1, true);
    },
  },
  DistilBertForTokenClassification: {
    task: 'classify',
    head: (model, config, hidden) => tokenHead(model, 'classifier', hidden, config.labels(), true),
  },
  DistilBertForQuestionAnswering: {
    task: 'classify',
    head: (model, config, hidden) => tokenHead(model, 'qa_outputs', hidden, config.labels(), true),
  },
};

/** DistilBERT. Source: transformers models/distilbert. */
export const distilbert: Family = {
  architectures: [
    {
      name: 'DistilBertModel',
      modelType: 'distilbert',
      task: 'embed',
      build: (config, model) => void baseModel(config, model),
    },
    ...Object.entries(tasks).map(([name, { task, head }]): Architecture => ({
      name,
      modelType: 'distilbert',
      task,
      build(config, model) {
        head(
          model,
          config,
          model.scope('distilbert', () => baseModel(config, model)),
        );
      },
    })),
  ],
};
