import { separateAttention } from '../parts/attention';
import { decoderFamily, sequenceClassification } from '../parts/decoderFamily';
import { attentionSizes } from '../parts/llamaShape';
import { gatedMlp } from '../parts/mlp';
import { publishedCode } from '../parts/publishedCode';

/** EXAONE 3 and 3.5: llama under GPT-2's names. Names after the published modeling_exaone.py. */
export const exaone = publishedCode(
  'modeling_exaone.py',
  decoderFamily({
    modelType: 'exaone',
    className: 'Exaone',
    base: 'transformer',
    tasks: [sequenceClassification],
    backbone(config, model) {
      const sizes = attentionSizes(config);
      const { hidden } = sizes;
      const vocab = config.size('vocab_size');
      const layers = config.layers(config.has('num_layers') ? 'num_layers' : 'num_hidden_layers');
      const intermediate = config.optionalSize('intermediate_size') ?? 4 * hidden;
      model.facts = {
        ...model.facts,
        hidden,
        vocab,
        maxContext: config.optionalSize('max_position_embeddings'),
        activation: config.text('activation_function'),
      };
      model.embedding('wte', vocab, hidden);
      model.stack('h', layers, hidden, () => {
        model.rmsNorm('ln_1', hidden);
        model.scope('attn', () =>
          separateAttention(model, 'attention', sizes, { names: ['q_proj', 'k_proj', 'v_proj', 'out_proj'] }),
        );
        model.rmsNorm('ln_2', hidden);
        gatedMlp(model, 'mlp', hidden, intermediate, { names: ['c_fc_0', 'c_fc_1', 'c_proj'] });
      });
      model.rmsNorm('ln_f', hidden);
      return { hidden, vocab, embedding: 'wte' };
    },
  }),
);
