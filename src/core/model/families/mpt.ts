import { fusedAttention } from '../parts/attention';
import { decoderFamily, questionAnswering, sequenceClassification } from '../parts/decoderFamily';
import { tokenHead } from '../parts/heads';
import { plainMlp } from '../parts/mlp';

/** MPT: ALiBi, no biases at all. Source: transformers models/mpt. */
export const mpt = decoderFamily({
  modelType: 'mpt',
  className: 'Mpt',
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
    const hidden = config.size('d_model');
    const vocab = config.size('vocab_size');
    const heads = config.heads('n_heads');
    const headDim = config.quotient('d_model', 'n_heads');
    model.facts = {
      ...model.facts,
      hidden,
      vocab,
      maxContext: config.optionalSize('max_seq_len'),
      activation: 'gelu',
    };
    model.embedding('wte', vocab, hidden);
    model.stack('blocks', config.layers('n_layers'), hidden, () => {
      model.layerNorm('norm_1', hidden, false);
      fusedAttention(
        model,
        'attn',
        { hidden, heads, kvHeads: heads, headDim },
        { names: ['Wqkv', 'out_proj'] },
      );
      model.layerNorm('norm_2', hidden, false);
      // The class takes four times the width whatever `expansion_ratio` says.
      plainMlp(model, 'ffn', hidden, 4 * hidden, { names: ['up_proj', 'down_proj'], bias: false });
    });
    model.layerNorm('norm_f', hidden, false);
    return { hidden, vocab, embedding: 'wte' };
  },
});
