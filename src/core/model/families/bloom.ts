import { fusedAttention } from '../parts/attention';
import { decoderFamily, questionAnswering, sequenceClassification } from '../parts/decoderFamily';
import { tokenHead } from '../parts/heads';
import { plainMlp } from '../parts/mlp';

/** BLOOM: ALiBi, a norm after the embedding. Source: transformers models/bloom. */
export const bloom = decoderFamily({
  modelType: 'bloom',
  className: 'Bloom',
  base: 'transformer',
  tasks: [
    sequenceClassification,
    {
      suffix: 'ForTokenClassification',
      task: 'classify',
      head: (model, config, { hidden }) => tokenHead(model, 'classifier', hidden, config.labels(), true),
    },
    questionAnswering(),
  ],
  backbone(config, model) {
    const width = config.has('n_embed') ? 'n_embed' : 'hidden_size';
    const hidden = config.size(width);
    const vocab = config.size('vocab_size');
    const heads = config.heads('n_head');
    const headDim = config.quotient(width, 'n_head');
    // ALiBi: no table of positions, so the config names no longest context.
    model.facts = {
      ...model.facts,
      hidden,
      vocab,
      maxContext: config.optionalSize('seq_length'),
      activation: 'gelu',
    };
    model.embedding('word_embeddings', vocab, hidden);
    model.layerNorm('word_embeddings_layernorm', hidden);
    model.stack('h', config.layers('n_layer'), hidden, () => {
      model.layerNorm('input_layernorm', hidden);
      fusedAttention(
        model,
        'self_attention',
        { hidden, heads, kvHeads: heads, headDim },
        { names: ['query_key_value', 'dense'], qkvBias: true, outputBias: true },
      );
      model.layerNorm('post_attention_layernorm', hidden);
      plainMlp(model, 'mlp', hidden, 4 * hidden, { names: ['dense_h_to_4h', 'dense_4h_to_h'] });
    });
    model.layerNorm('ln_f', hidden);
    return { hidden, vocab, embedding: 'word_embeddings' };
  },
});
