import type { ConfigReader } from '../configReader';
import type { Family } from '../family';
import { attentionSpec, fusedAttention } from '../parts/attention';
import {
  type Backbone,
  decoderFamily,
  questionAnswering,
  sequenceClassification,
} from '../parts/decoderFamily';
import { causalHead, tokenHead } from '../parts/heads';
import { plainMlp } from '../parts/mlp';
import type { ModelBuilder } from '../parts/modelBuilder';

/** The base model: Conv1D matrices, learned positions, cross-attention on request. */
function backbone(config: ConfigReader, model: ModelBuilder): Backbone {
  const hidden = config.size('n_embd');
  const vocab = config.size('vocab_size');
  const positions = config.size('n_positions');
  const heads = config.heads('n_head');
  const sizes = { hidden, heads, kvHeads: heads, headDim: config.quotient('n_embd', 'n_head') };
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
    fusedAttention(model, 'attn', sizes, { names: ['c_attn', 'c_proj'], transposed: true });
    model.layerNorm('ln_2', hidden);
    if (cross) {
      model.scope('crossattention', () => {
        model.transposedLinear('c_attn', hidden, 2 * hidden, 'qkv');
        model.transposedLinear('q_attn', hidden, hidden, 'q');
        model.transposedLinear('c_proj', hidden, hidden, 'o');
      });
      model.layerNorm('ln_cross_attn', hidden);
      model.layerCross({ ...attentionSpec(sizes, { causal: false }), kind: 'cross' });
    }
    plainMlp(model, 'mlp', hidden, intermediate, { names: ['c_fc', 'c_proj'], transposed: true });
  });
  model.layerNorm('ln_f', hidden);
  return { hidden, vocab, embedding: 'wte' };
}

const decoder = decoderFamily({
  modelType: 'gpt2',
  className: 'GPT2',
  base: 'transformer',
  causalName: 'GPT2LMHeadModel',
  tasks: [
    sequenceClassification,
    {
      suffix: 'ForTokenClassification',
      task: 'classify',
      head: (model, config, { hidden }) => tokenHead(model, 'classifier', hidden, config.labels(), true),
    },
    questionAnswering(),
    {
      suffix: 'DoubleHeadsModel',
      task: 'generate',
      head(model, config, { hidden, vocab }) {
        const tiedTo = config.flag('tie_word_embeddings') ? 'transformer.wte.weight' : null;
        causalHead(model, { name: 'lm_head', hidden, vocab, bias: false, tiedTo });
        // This class always has one label; the projection may keep the width instead.
        if (config.flag('summary_use_proj'))
          tokenHead(
            model,
            'multiple_choice_head.summary',
            hidden,
            config.flag('summary_proj_to_labels') ? 1 : hidden,
            true,
          );
      },
    },
  ],
  backbone,
});

/** GPT-2. Source: transformers models/gpt2. */
export const gpt2: Family = decoder;
