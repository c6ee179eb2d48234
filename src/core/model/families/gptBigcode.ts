import { attentionSpec } from '../parts/attention';
import { decoderFamily, sequenceClassification } from '../parts/decoderFamily';
import { tokenHead } from '../parts/heads';
import { plainMlp } from '../parts/mlp';

/** StarCoder and SantaCoder: GPT-2 with Linear layers and one KV head. Source: transformers models/gpt_bigcode. */
export const gptBigcode = decoderFamily({
  modelType: 'gpt_bigcode',
  className: 'GPTBigCode',
  base: 'transformer',
  tasks: [
    sequenceClassification,
    {
      suffix: 'ForTokenClassification',
      task: 'classify',
      head: (model, config, { hidden }) => tokenHead(model, 'classifier', hidden, config.labels(), true),
    },
  ],
  backbone(config, model) {
    const hidden = config.size('n_embd');
    const vocab = config.size('vocab_size');
    const positions = config.size('n_positions');
    const heads = config.heads('n_head');
    const headDim = config.quotient('n_embd', 'n_head');
    const kvHeads = config.flag('multi_query') ? 1 : heads;
    const sizes = { hidden, heads, kvHeads, headDim };
    const intermediate = config.optionalSize('n_inner') ?? 4 * hidden;
    const cross = config.flag('add_cross_attention');
    model.facts = {
      ...model.facts,
      hidden,
      vocab,
      maxContext: positions,
      activation: config.text('activation_function'),
    };
    model.embedding('wte', vocab, hidden);
    model.embedding('wpe', positions, hidden, 'position');
    model.stack('h', config.layers('n_layer'), hidden, () => {
      model.layerNorm('ln_1', hidden);
      model.linear('attn.c_attn', hidden, hidden + 2 * kvHeads * headDim, 'qkv', true);
      model.linear('attn.c_proj', hidden, hidden, 'o', true);
      model.layerAttention(attentionSpec(sizes));
      model.layerNorm('ln_2', hidden);
      if (cross) {
        model.scope('crossattention', () => {
          model.linear('c_attn', hidden, 2 * hidden, 'qkv', true);
          model.linear('q_attn', hidden, hidden, 'q', true);
          model.linear('c_proj', hidden, hidden, 'o', true);
        });
        model.layerNorm('ln_cross_attn', hidden);
        model.layerCross({ ...attentionSpec(sizes, { causal: false }), kind: 'cross' });
      }
      plainMlp(model, 'mlp', hidden, intermediate, { names: ['c_fc', 'c_proj'] });
    });
    model.layerNorm('ln_f', hidden);
    return { hidden, vocab, embedding: 'wte' };
  },
});
