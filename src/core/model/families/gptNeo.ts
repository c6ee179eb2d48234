import { attentionSpec } from '../parts/attention';
import { decoderFamily, questionAnswering, sequenceClassification } from '../parts/decoderFamily';
import { tokenHead } from '../parts/heads';
import { plainMlp } from '../parts/mlp';

/**
 * GPT-Neo: learned positions; local layers mask what lies outside `window_size`, but the library caches all of it.
 * Source: transformers models/gpt_neo.
 */
export const gptNeo = decoderFamily({
  modelType: 'gpt_neo',
  className: 'GPTNeo',
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
    const heads = config.heads('num_heads');
    const headDim = config.quotient('hidden_size', 'num_heads');
    const positions = config.size('max_position_embeddings');
    const intermediate = config.optionalSize('intermediate_size') ?? 4 * hidden;
    model.facts = {
      ...model.facts,
      hidden,
      vocab,
      maxContext: positions,
      activation: config.text('activation_function'),
    };
    model.embedding('wte', vocab, hidden);
    model.embedding('wpe', positions, hidden, 'position');
    model.stack('h', config.layers('num_layers'), hidden, () => {
      model.layerNorm('ln_1', hidden);
      model.scope('attn.attention', () => {
        model.linear('k_proj', hidden, hidden, 'k');
        model.linear('v_proj', hidden, hidden, 'v');
        model.linear('q_proj', hidden, hidden, 'q');
        model.linear('out_proj', hidden, hidden, 'o', true);
      });
      model.layerAttention(attentionSpec({ hidden, heads, kvHeads: heads, headDim }));
      model.layerNorm('ln_2', hidden);
      plainMlp(model, 'mlp', hidden, intermediate, { names: ['c_fc', 'c_proj'] });
    });
    model.layerNorm('ln_f', hidden);
    return { hidden, vocab, embedding: 'wte' };
  },
});
