import { decoderFamily } from '../parts/decoderFamily';
import { mamba2 as mixer } from '../parts/stateSpace';

/** Mamba 2. Source: transformers models/mamba2. */
export const mamba2 = decoderFamily({
  modelType: 'mamba2',
  className: 'Mamba2',
  base: 'backbone',
  tasks: [],
  backbone(config, model) {
    const hidden = config.size('hidden_size');
    const vocab = config.size('vocab_size');
    const heads = config.heads('num_heads');
    const headDim = config.size('head_dim');
    const expand = config.size('expand');
    if (heads * headDim !== expand * hidden)
      config.problem('num_heads', `expand × hidden_size / head_dim = ${(expand * hidden) / headDim}`);
    const sizes = {
      hidden,
      heads,
      headDim,
      groups: config.heads('n_groups'),
      state: config.size('state_size'),
      kernel: config.size('conv_kernel'),
    };
    const options = { convBias: config.flag('use_conv_bias'), bias: config.flag('use_bias') };
    model.facts = { ...model.facts, hidden, vocab, activation: config.text('hidden_act') };
    model.embedding('embeddings', vocab, hidden);
    model.stack('layers', config.layers('num_hidden_layers'), hidden, () => {
      model.rmsNorm('norm', hidden);
      mixer(model, 'mixer', sizes, options);
    });
    model.rmsNorm('norm_f', hidden);
    return { hidden, vocab, embedding: 'embeddings' };
  },
});
