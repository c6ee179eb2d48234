import type { ConfigReader } from '../configReader';
import { attentionSpec } from '../parts/attention';
import {
  answerSpans,
  encoderFamily,
  type EncoderTask,
  maskedHead,
  multipleChoice,
  pooledLabels,
  tokenLabels,
} from '../parts/encoderFamily';
import type { ModelBuilder } from '../parts/modelBuilder';

/** Fields that the class reads although its config class does not declare them. */
function optional(config: ConfigReader, key: string, standard: number): number {
  return config.has(key) ? config.integer(key, { min: -1 }) : standard;
}

function listed(config: ConfigReader, key: string): readonly string[] {
  const value = config.value(key);
  if (Array.isArray(value)) return value.filter((item): item is string => typeof item === 'string');
  return (config.text(key) ?? '')
    .toLowerCase()
    .split('|')
    .map((word) => word.trim());
}

function layers(config: ConfigReader, model: ModelBuilder, hidden: number): void {
  const heads = config.heads('num_attention_heads');
  const headDim = config.has('attention_head_size')
    ? config.size('attention_head_size')
    : config.quotient('hidden_size', 'num_attention_heads');
  const inner = heads * headDim;
  const intermediate = config.size('intermediate_size');
  // Relative positions have projections of their own unless they use those of the content.
  const own =
    config.flag('relative_attention') && !(config.has('share_att_key') && config.flag('share_att_key'));
  const kinds = listed(config, 'pos_att_type');
  model.stack('layer', config.layers('num_hidden_layers'), hidden, () => {
    model.scope('attention', () => {
      model.linear('self.query_proj', hidden, inner, 'q', true);
      model.linear('self.key_proj', hidden, inner, 'k', true);
      model.linear('self.value_proj', hidden, inner, 'v', true);
      if (own && kinds.includes('c2p')) model.linear('self.pos_key_proj', hidden, inner, 'other', true);
      if (own && kinds.includes('p2c')) model.linear('self.pos_query_proj', hidden, inner, 'other', true);
      model.linear('output.dense', hidden, hidden, 'o', true);
      model.layerNorm('output.LayerNorm', hidden);
    });
    model.layerAttention(attentionSpec({ hidden, heads, kvHeads: heads, headDim }, { causal: false }));
    model.linear('intermediate.dense', hidden, intermediate, 'up', true);
    model.linear('output.dense', intermediate, hidden, 'down', true);
    model.layerNorm('output.LayerNorm', hidden);
    model.layerMlp({ kind: 'plain', intermediate, moe: null });
  });
}

/** What all layers share: the table of relative positions, its norm, and a convolution beside the first layer. */
function besides(config: ConfigReader, model: ModelBuilder, hidden: number): void {
  if (config.flag('relative_attention')) {
    const widest = config.integer('max_relative_positions', { min: -1 });
    const reach = widest < 1 ? config.size('max_position_embeddings') : widest;
    const buckets = optional(config, 'position_buckets', -1);
    model.embedding('rel_embeddings', 2 * (buckets > 0 ? buckets : reach), hidden, 'position');
  }
  if (listed(config, 'norm_rel_ebd').includes('layer_norm')) model.layerNorm('LayerNorm', hidden);
  const kernel = optional(config, 'conv_kernel_size', 0);
  if (kernel > 0) {
    const channels = Math.floor(hidden / Math.max(1, optional(config, 'conv_groups', 1)));
    model.conv('conv.conv', [hidden, channels, kernel], 'other');
    model.layerNorm('conv.LayerNorm', hidden);
  }
}

const embeddingWidth = (config: ConfigReader): number =>
  config.has('embedding_size') ? config.size('embedding_size') : config.size('hidden_size');

/** The pooler stands in the task class, not in the base model. */
function withPooler(task: EncoderTask): EncoderTask {
  return {
    ...task,
    pooler: false,
    head(model, config, hidden) {
      const width = config.has('pooler_hidden_size') ? config.size('pooler_hidden_size') : hidden;
      model.linear('pooler.dense', width, width, 'pooler', true);
      task.head(model, config, hidden);
    },
  };
}

/** DeBERTa V2 and V3. Source: transformers models/deberta_v2. */
export const debertaV2 = encoderFamily({
  modelType: 'deberta-v2',
  className: 'DebertaV2',
  base: 'deberta',
  pooler: false,
  backbone(config, model) {
    const hidden = config.size('hidden_size');
    const vocab = config.size('vocab_size');
    const positions = config.size('max_position_embeddings');
    const types = config.integer('type_vocab_size');
    const width = embeddingWidth(config);
    model.facts = {
      ...model.facts,
      hidden,
      vocab,
      maxContext: positions,
      activation: config.text('hidden_act'),
    };
    model.scope('embeddings', () => {
      model.embedding('word_embeddings', vocab, width);
      if (config.flag('position_biased_input'))
        model.embedding('position_embeddings', positions, width, 'position');
      if (types > 0) model.embedding('token_type_embeddings', types, width, 'position');
      if (width !== hidden) model.linear('embed_proj', width, hidden, 'other');
      model.layerNorm('LayerNorm', hidden);
    });
    model.scope('encoder', () => {
      layers(config, model, hidden);
      besides(config, model, hidden);
    });
    return hidden;
  },
  tasks: [
    {
      suffix: 'ForMaskedLM',
      task: 'embed',
      head(model, config, hidden) {
        const { vocab } = model.facts;
        if (!config.flag('legacy')) {
          // The embedding itself is the output layer.
          model.scope('lm_predictions.lm_head', () => {
            model.linear('dense', hidden, hidden, 'classifier', true);
            model.layerNorm('LayerNorm', hidden);
            model.parameter('bias', [vocab], 'head');
          });
          return;
        }
        maskedHead(model, {
          scope: 'cls.predictions',
          dense: 'transform.dense',
          norm: 'transform.LayerNorm',
          hidden,
          width: embeddingWidth(config),
          vocab,
          embedding: 'deberta.embeddings.word_embeddings.weight',
          tied: config.flag('tie_word_embeddings'),
        });
      },
    },
    withPooler(pooledLabels),
    tokenLabels,
    answerSpans,
    withPooler(multipleChoice),
  ],
});
