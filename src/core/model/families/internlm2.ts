import type { ConfigReader } from '../configReader';
import { fusedAttention } from '../parts/attention';
import { type Backbone, decoderFamily } from '../parts/decoderFamily';
import { attentionSizes } from '../parts/llamaShape';
import { gatedMlp } from '../parts/mlp';
import type { ModelBuilder } from '../parts/modelBuilder';
import { publishedCode } from '../parts/publishedCode';

/** The base model without a prefix; InternVL holds one too. */
export function internlm2Backbone(config: ConfigReader, model: ModelBuilder): Backbone {
  const sizes = attentionSizes(config);
  const { hidden } = sizes;
  const vocab = config.size('vocab_size');
  const intermediate = config.size('intermediate_size');
  const bias = config.flag('bias');
  model.facts = {
    ...model.facts,
    hidden,
    vocab,
    maxContext: config.optionalSize('max_position_embeddings'),
    activation: config.text('hidden_act'),
  };
  model.embedding('tok_embeddings', vocab, hidden);
  model.stack('layers', config.layers('num_hidden_layers'), hidden, () => {
    fusedAttention(model, 'attention', sizes, { names: ['wqkv', 'wo'], qkvBias: bias, outputBias: bias });
    gatedMlp(model, 'feed_forward', hidden, intermediate, { names: ['w1', 'w3', 'w2'] });
    model.rmsNorm('attention_norm', hidden);
    model.rmsNorm('ffn_norm', hidden);
  });
  model.rmsNorm('norm', hidden);
  return { hidden, vocab, embedding: 'tok_embeddings' };
}

/** InternLM 2 and 2.5. Names after the published modeling_internlm2.py and the index of internlm2-7b. */
export const internlm2 = publishedCode(
  'modeling_internlm2.py',
  decoderFamily({
    modelType: 'internlm2',
    className: 'InternLM2',
    output: { name: 'output' },
    tasks: [],
    backbone: internlm2Backbone,
  }),
);
