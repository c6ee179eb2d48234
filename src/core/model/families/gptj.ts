import { separateAttention } from '../parts/attention';
import { decoderFamily, sequenceClassification } from '../parts/decoderFamily';
import { tokenHead } from '../parts/heads';
import { plainMlp } from '../parts/mlp';

/** GPT-J: attention and MLP side by side after one norm, an output layer with a bias. Source: transformers models/gptj. */
export const gptj = decoderFamily({
  modelType: 'gptj',
  className: 'GPTJ',
  base: 'transformer',
  output: { bias: true },
  tasks: [
    sequenceClassification,
    {
      suffix: 'ForQuestionAnswering',
      task: 'classify',
      head: (model, config, { hidden }) => tokenHead(model, 'qa_outputs', hidden, config.labels(), true),
    },
  ],
  backbone(config, model) {
    const hidden = config.size('n_embd');
    const vocab = config.size('vocab_size');
    const heads = config.heads('n_head');
    const sizes = { hidden, heads, kvHeads: heads, headDim: config.quotient('n_embd', 'n_head') };
    const intermediate = config.optionalSize('n_inner') ?? 4 * hidden;
    model.facts = {
      ...model.facts,
      hidden,
      vocab,
      maxContext: config.optionalSize('n_positions'),
      activation: config.text('activation_function'),
    };
    model.embedding('wte', vocab, hidden);
    model.stack('h', config.layers('n_layer'), hidden, () => {
      model.layerNorm('ln_1', hidden);
      separateAttention(model, 'attn', sizes, { names: ['q_proj', 'k_proj', 'v_proj', 'out_proj'] });
      plainMlp(model, 'mlp', hidden, intermediate, { names: ['fc_in', 'fc_out'] });
    });
    model.layerNorm('ln_f', hidden);
    return { hidden, vocab, embedding: 'wte' };
  },
});
