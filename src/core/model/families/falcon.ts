import type { ConfigReader } from '../configReader';
import { fusedAttention } from '../parts/attention';
import { decoderFamily, questionAnswering, sequenceClassification } from '../parts/decoderFamily';
import { tokenHead } from '../parts/heads';
import { plainMlp } from '../parts/mlp';
import type { ModelBuilder } from '../parts/modelBuilder';

/** Norms before attention and MLP: two apart, or one for both when they run side by side. */
function norms(config: ConfigReader, model: ModelBuilder, hidden: number, modern: boolean): void {
  if (!config.flag('parallel_attn')) {
    model.layerNorm('post_attention_layernorm', hidden);
    model.layerNorm('input_layernorm', hidden);
  } else if ((config.optionalSize('num_ln_in_parallel_attn') ?? (modern ? 2 : 1)) === 2) {
    model.layerNorm('ln_attn', hidden);
    model.layerNorm('ln_mlp', hidden);
  } else model.layerNorm('input_layernorm', hidden);
}

/**
 * Falcon 7B (`multi_query`: one KV head), 40B and later (`new_decoder_architecture`: grouped), RW (neither).
 * Source: transformers models/falcon.
 */
export const falcon = decoderFamily({
  modelType: 'falcon',
  className: 'Falcon',
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
    const hidden = config.size('hidden_size');
    const vocab = config.size('vocab_size');
    const heads = config.heads('num_attention_heads');
    const headDim = config.quotient('hidden_size', 'num_attention_heads');
    const modern = config.flag('new_decoder_architecture');
    const grouped = config.optionalHeads('num_kv_heads') ?? heads;
    config.mustDivide('num_kv_heads', grouped, heads, 'num_attention_heads');
    const kvHeads = modern ? grouped : config.flag('multi_query') ? 1 : heads;
    const intermediate = config.optionalSize('ffn_hidden_size') ?? 4 * hidden;
    const bias = config.flag('bias');
    model.facts = {
      ...model.facts,
      hidden,
      vocab,
      maxContext: config.optionalSize('max_position_embeddings'),
      activation: config.text('activation'),
    };
    model.embedding('word_embeddings', vocab, hidden);
    model.stack('h', config.layers('num_hidden_layers'), hidden, () => {
      model.derivedLinears(() => {
        fusedAttention(
          model,
          'self_attention',
          { hidden, heads, kvHeads, headDim },
          { names: ['query_key_value', 'dense'], qkvBias: bias, outputBias: bias },
        );
        plainMlp(model, 'mlp', hidden, intermediate, { names: ['dense_h_to_4h', 'dense_4h_to_h'], bias });
      });
      norms(config, model, hidden, modern);
    });
    model.layerNorm('ln_f', hidden);
    return { hidden, vocab, embedding: 'word_embeddings' };
  },
});
