import { fusedAttention } from '../parts/attention';
import { decoderFamily, questionAnswering, sequenceClassification } from '../parts/decoderFamily';
import { tokenHead } from '../parts/heads';
import { plainMlp } from '../parts/mlp';

/** GPT-NeoX and Pythia. Source: transformers models/gpt_neox. Checkpoints call the output layer `embed_out`. */
export const gptNeox = decoderFamily({
  modelType: 'gpt_neox',
  className: 'GPTNeoX',
  base: 'gpt_neox',
  output: { storedName: 'embed_out' },
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
    const intermediate = config.size('intermediate_size');
    const bias = config.flag('attention_bias');
    model.facts = {
      ...model.facts,
      hidden,
      vocab,
      maxContext: config.optionalSize('max_position_embeddings'),
      activation: config.text('hidden_act'),
    };
    model.embedding('embed_in', vocab, hidden);
    model.stack('layers', config.layers('num_hidden_layers'), hidden, () => {
      model.layerNorm('input_layernorm', hidden);
      model.layerNorm('post_attention_layernorm', hidden);
      fusedAttention(
        model,
        'attention',
        { hidden, heads, kvHeads: heads, headDim },
        { names: ['query_key_value', 'dense'], qkvBias: bias, outputBias: bias },
      );
      plainMlp(model, 'mlp', hidden, intermediate, { names: ['dense_h_to_4h', 'dense_4h_to_h'] });
    });
    model.layerNorm('final_layer_norm', hidden);
    return { hidden, vocab, embedding: 'embed_in' };
  },
});
