import { MOST_LAYERS, type ConfigReader } from '../configReader';
import { attentionSpec } from '../parts/attention';
import {
  answerSpans,
  encoderFamily,
  maskedHead,
  multipleChoice,
  pooledLabels,
  tokenLabels,
} from '../parts/encoderFamily';
import { tokenHead } from '../parts/heads';
import { plainMlp } from '../parts/mlp';
import type { ModelBuilder } from '../parts/modelBuilder';

/** ALBERT's layers are those of its groups, which are run again and again. */
function groups(config: ConfigReader, model: ModelBuilder, hidden: number): void {
  const heads = config.heads('num_attention_heads');
  const headDim = config.quotient('hidden_size', 'num_attention_heads');
  const intermediate = config.size('intermediate_size');
  const count = config.layers('num_hidden_groups');
  const inner = config.layers('inner_group_num');
  const layers = config.layers('num_hidden_layers');
  const most = Math.floor(MOST_LAYERS / inner);
  if (layers > most) config.problem('num_hidden_layers', `at most ${most} runs of ${inner} layers`);
  if (count > most) config.problem('num_hidden_groups', `at most ${most} groups of ${inner} layers`);
  if (Math.max(layers, count) > most) return;
  for (let group = 0; group < count; group++) {
    model.scope(`albert_layer_groups.${group}`, () =>
      model.stack(
        'albert_layers',
        inner,
        hidden,
        () => {
          model.layerNorm('full_layer_layer_norm', hidden);
          model.scope('attention', () => {
            model.linear('query', hidden, hidden, 'q', true);
            model.linear('key', hidden, hidden, 'k', true);
            model.linear('value', hidden, hidden, 'v', true);
            model.linear('dense', hidden, hidden, 'o', true);
            model.layerNorm('LayerNorm', hidden);
          });
          model.layerAttention(attentionSpec({ hidden, heads, kvHeads: heads, headDim }, { causal: false }));
          plainMlp(model, '', hidden, intermediate, { names: ['ffn', 'ffn_output'] });
        },
        group * inner,
      ),
    );
    // Layer i runs group int(i / (layers / groups)).
    const first = Math.ceil((group * layers) / count);
    model.repeatLayers(inner, Math.ceil(((group + 1) * layers) / count) - first);
  }
}

function predictions(model: ModelBuilder, config: ConfigReader, hidden: number): void {
  maskedHead(model, {
    scope: 'predictions',
    dense: 'dense',
    norm: 'LayerNorm',
    hidden,
    width: config.size('embedding_size'),
    vocab: model.facts.vocab,
    embedding: 'albert.embeddings.word_embeddings.weight',
    tied: config.flag('tie_word_embeddings'),
  });
}

/** ALBERT. Source: transformers models/albert. */
export const albert = encoderFamily({
  modelType: 'albert',
  className: 'Albert',
  base: 'albert',
  pooler: true,
  backbone(config, model, pooler) {
    const hidden = config.size('hidden_size');
    const width = config.size('embedding_size');
    const vocab = config.size('vocab_size');
    const positions = config.size('max_position_embeddings');
    model.facts = {
      ...model.facts,
      hidden,
      vocab,
      maxContext: positions,
      activation: config.text('hidden_act'),
    };
    model.scope('embeddings', () => {
      model.embedding('word_embeddings', vocab, width);
      model.embedding('position_embeddings', positions, width, 'position');
      model.embedding('token_type_embeddings', config.size('type_vocab_size'), width, 'position');
      model.layerNorm('LayerNorm', width);
    });
    model.scope('encoder', () => {
      model.linear('embedding_hidden_mapping_in', width, hidden, 'other', true);
      groups(config, model, hidden);
    });
    if (pooler) model.linear('pooler', hidden, hidden, 'pooler', true);
    return hidden;
  },
  tasks: [
    { suffix: 'ForMaskedLM', task: 'embed', head: predictions },
    {
      suffix: 'ForPreTraining',
      task: 'embed',
      pooler: true,
      head(model, config, hidden) {
        predictions(model, config, hidden);
        tokenHead(model, 'sop_classifier.classifier', hidden, config.labels(), true);
      },
    },
    pooledLabels,
    tokenLabels,
    answerSpans,
    multipleChoice,
  ],
});
