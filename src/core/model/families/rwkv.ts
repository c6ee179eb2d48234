import { decoderFamily } from '../parts/decoderFamily';

/**
 * RWKV 4: time mixing and channel mixing, no attention. A sequence keeps per layer two inputs (one a mixing) and three
 * running sums in fp32. Source: transformers models/rwkv.
 */
export const rwkv = decoderFamily({
  modelType: 'rwkv',
  className: 'Rwkv',
  base: 'rwkv',
  output: { name: 'head' },
  tasks: [],
  backbone(config, model) {
    const hidden = config.size('hidden_size');
    const vocab = config.size('vocab_size');
    const inner = config.optionalSize('attention_hidden_size') ?? hidden;
    const intermediate = config.optionalSize('intermediate_size') ?? 4 * hidden;
    model.facts = { ...model.facts, hidden, vocab };
    model.embedding('embeddings', vocab, hidden);
    model.stack('blocks', config.layers('num_hidden_layers'), hidden, (index) => {
      if (index === 0) model.layerNorm('pre_ln', hidden);
      model.layerNorm('ln1', hidden);
      model.layerNorm('ln2', hidden);
      model.scope('attention', () => {
        model.parameter('time_decay', [inner], 'recurrent');
        model.parameter('time_first', [inner], 'recurrent');
        for (const name of ['key', 'value', 'receptance'])
          model.parameter(`time_mix_${name}`, [1, 1, hidden], 'recurrent');
        model.linear('key', hidden, inner, 'k');
        model.linear('value', hidden, inner, 'v');
        model.linear('receptance', hidden, inner, 'recurrent');
        model.linear('output', inner, hidden, 'o');
      });
      model.scope('feed_forward', () => {
        model.parameter('time_mix_key', [1, 1, hidden], 'recurrent');
        model.parameter('time_mix_receptance', [1, 1, hidden], 'recurrent');
        model.linear('key', hidden, intermediate, 'up');
        model.linear('receptance', hidden, hidden, 'gate');
        model.linear('value', intermediate, hidden, 'down');
      });
      model.layerRecurrent({
        kind: 'rwkv',
        convElements: 2 * hidden,
        stateElements: 3 * hidden,
        stateDtype: 'f32',
      });
      model.layerMlp({ kind: 'plain', intermediate, moe: null });
    });
    model.layerNorm('ln_out', hidden);
    return { hidden, vocab, embedding: 'embeddings' };
  },
});
