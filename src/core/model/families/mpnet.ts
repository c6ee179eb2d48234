import { separateAttention } from '../parts/attention';
import {
  answerSpans,
  denseLabels,
  encoderFamily,
  maskedHead,
  multipleChoice,
  tokenLabels,
} from '../parts/encoderFamily';

/** Positions start after the padding token's, number 1: that many rows of the table are never a position. */
const RESERVED_POSITIONS = 2;

/** MPNet: BERT with one table of relative positions for all layers. Source: transformers models/mpnet. */
export const mpnet = encoderFamily({
  modelType: 'mpnet',
  className: 'MPNet',
  base: 'mpnet',
  pooler: true,
  backbone(config, model, pooler) {
    const hidden = config.size('hidden_size');
    const vocab = config.size('vocab_size');
    const heads = config.heads('num_attention_heads');
    const headDim = config.quotient('hidden_size', 'num_attention_heads');
    const positions = config.size('max_position_embeddings');
    const intermediate = config.size('intermediate_size');
    model.facts = {
      ...model.facts,
      hidden,
      vocab,
      maxContext: Math.max(1, positions - RESERVED_POSITIONS),
      activation: config.text('hidden_act'),
    };
    model.scope('embeddings', () => {
      model.embedding('word_embeddings', vocab, hidden);
      model.embedding('position_embeddings', positions, hidden, 'position');
      model.layerNorm('LayerNorm', hidden);
    });
    model.scope('encoder', () => {
      model.stack('layer', config.layers('num_hidden_layers'), hidden, () => {
        separateAttention(
          model,
          'attention.attn',
          { hidden, heads, kvHeads: heads, headDim },
          { bias: true, causal: false, names: ['q', 'k', 'v', 'o'] },
        );
        model.layerNorm('attention.LayerNorm', hidden);
        model.linear('intermediate.dense', hidden, intermediate, 'up', true);
        model.linear('output.dense', intermediate, hidden, 'down', true);
        model.layerNorm('output.LayerNorm', hidden);
        model.layerMlp({ kind: 'plain', intermediate, moe: null });
      });
      const buckets = config.size('relative_attention_num_buckets');
      model.embedding('relative_attention_bias', buckets, heads, 'position');
    });
    if (pooler) model.linear('pooler.dense', hidden, hidden, 'pooler', true);
    return hidden;
  },
  tasks: [
    {
      suffix: 'ForMaskedLM',
      task: 'embed',
      head: (model, config, hidden) =>
        maskedHead(model, {
          scope: 'lm_head',
          dense: 'dense',
          norm: 'layer_norm',
          hidden,
          width: hidden,
          vocab: model.facts.vocab,
          embedding: 'mpnet.embeddings.word_embeddings.weight',
          tied: config.flag('tie_word_embeddings'),
        }),
    },
    denseLabels,
    tokenLabels,
    answerSpans,
    multipleChoice,
  ],
});
