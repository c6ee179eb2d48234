import type { Family } from '../family';
import { decoderFamily } from '../parts/decoderFamily';
import { mamba1 } from '../parts/stateSpace';

/** Mamba and the families that kept its classes: no attention, no MLP. Source: transformers models/mamba. */
export function mambaFamily(modelType: string, className: string): Family {
  return decoderFamily({
    modelType,
    className,
    base: 'backbone',
    tasks: [],
    backbone(config, model) {
      const hidden = config.size('hidden_size');
      const vocab = config.size('vocab_size');
      const rank =
        config.value('time_step_rank') === 'auto' ? Math.ceil(hidden / 16) : config.size('time_step_rank');
      const sizes = {
        hidden,
        // The config class works it out, and is overruled by what a config says.
        inner: config.optionalSize('intermediate_size') ?? config.size('expand') * hidden,
        state: config.size('state_size'),
        kernel: config.size('conv_kernel'),
        rank,
      };
      const options = { convBias: config.flag('use_conv_bias'), bias: config.flag('use_bias') };
      model.facts = { ...model.facts, hidden, vocab, activation: config.text('hidden_act') };
      model.embedding('embeddings', vocab, hidden);
      model.stack('layers', config.layers('num_hidden_layers'), hidden, () => {
        model.rmsNorm('norm', hidden);
        mamba1(model, 'mixer', sizes, options);
      });
      model.rmsNorm('norm_f', hidden);
      return { hidden, vocab, embedding: 'embeddings' };
    },
  });
}

export const mamba = mambaFamily('mamba', 'Mamba');

/** Falcon Mamba: Mamba with norms that have no weights. Source: transformers models/falcon_mamba. */
export const falconMamba = mambaFamily('falcon_mamba', 'FalconMamba');
