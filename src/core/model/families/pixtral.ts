import type { ConfigReader } from '../configReader';
import type { Family } from '../family';
import { separateAttention } from '../parts/attention';
import { gatedMlp } from '../parts/mlp';
import type { ModelBuilder } from '../parts/modelBuilder';

/** Pixtral's vision tower without a prefix: rotary positions, RMS norms, gated MLP, no biases. */
export function pixtralVision(config: ConfigReader, model: ModelBuilder): { readonly hidden: number } {
  const hidden = config.size('hidden_size');
  const heads = config.heads('num_attention_heads');
  const headDim = config.quotient('hidden_size', 'num_attention_heads');
  const patch = config.size('patch_size');
  model.conv('patch_conv', [hidden, config.size('num_channels'), patch, patch], 'embedding', false);
  model.rmsNorm('ln_pre', hidden);
  model.scope('transformer', () =>
    model.stack('layers', config.layers('num_hidden_layers'), hidden, () => {
      model.rmsNorm('attention_norm', hidden);
      separateAttention(model, 'attention', { hidden, heads, kvHeads: heads, headDim }, { causal: false });
      model.rmsNorm('ffn_norm', hidden);
      gatedMlp(model, 'feed_forward', hidden, config.size('intermediate_size'));
    }),
  );
  return { hidden };
}

/** The vision tower alone. Source: transformers models/pixtral. */
export const pixtral: Family = {
  architectures: [
    {
      name: 'PixtralVisionModel',
      modelType: 'pixtral',
      task: 'vision',
      build(config, model) {
        const { hidden } = model.component('vision', () => pixtralVision(config, model));
        model.facts = { ...model.facts, hidden };
      },
    },
  ],
};
