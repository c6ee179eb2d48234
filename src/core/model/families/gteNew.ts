import type { ConfigReader } from '../configReader';
import { attentionSpec } from '../parts/attention';
import { encoderFamily, pooledLabels, tokenLabels } from '../parts/encoderFamily';
import { fusedGatedMlp } from '../parts/mlp';
import type { ModelBuilder } from '../parts/modelBuilder';
import { publishedCode } from '../parts/publishedCode';

/** BERT's frame with rotary positions, q, k and v in one matrix and a gated MLP. */
function backbone(config: ConfigReader, model: ModelBuilder, pooler: boolean): number {
  const hidden = config.size('hidden_size');
  const vocab = config.size('vocab_size');
  const heads = config.heads('num_attention_heads');
  const headDim = config.quotient('hidden_size', 'num_attention_heads');
  const types = config.has('type_vocab_size') ? config.integer('type_vocab_size') : 0;
  const rotary = (config.text('position_embedding_type') ?? 'rope') === 'rope';
  const positions = config.size('max_position_embeddings');
  model.facts = {
    ...model.facts,
    hidden,
    vocab,
    maxContext: positions,
    activation: config.text('hidden_act'),
  };
  model.scope('embeddings', () => {
    model.embedding('word_embeddings', vocab, hidden);
    if (!rotary) model.embedding('position_embeddings', positions, hidden, 'position');
    if (types > 0) model.embedding('token_type_embeddings', types, hidden, 'position');
    model.layerNorm('LayerNorm', hidden);
  });
  model.scope('encoder', () =>
    model.stack('layer', config.layers('num_hidden_layers'), hidden, () => {
      model.linear('attention.qkv_proj', hidden, 3 * hidden, 'qkv', true);
      model.linear('attention.o_proj', hidden, hidden, 'o', true);
      model.layerAttention(attentionSpec({ hidden, heads, kvHeads: heads, headDim }, { causal: false }));
      const width = config.size('intermediate_size');
      fusedGatedMlp(model, 'mlp', hidden, width, { names: ['up_gate_proj', 'down_proj'], downBias: true });
      model.layerNorm('attn_ln', hidden);
      model.layerNorm('mlp_ln', hidden);
    }),
  );
  if (pooler) model.linear('pooler.dense', hidden, hidden, 'pooler', true);
  return hidden;
}

/** The GTE encoders of Alibaba. Names after the published modeling.py of Alibaba-NLP/new-impl. */
export const gteNew = publishedCode(
  'modeling.py',
  encoderFamily({
    modelType: 'new',
    className: 'New',
    base: 'new',
    pooler: true,
    backbone,
    tasks: [pooledLabels, tokenLabels],
  }),
);
