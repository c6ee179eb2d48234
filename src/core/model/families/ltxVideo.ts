import type { ConfigReader } from '../configReader';
import type { Family } from '../family';
import {
  blockSpecs,
  crossSpec,
  denoises,
  denoiserSizes,
  diffusersClass,
  embedder,
  feedForward,
  imageNames,
  onlyKnown,
  rmsNorms,
  stream,
} from '../parts/denoiserBlocks';
import type { ModelBuilder } from '../parts/modelBuilder';
import { singleModulation } from './pixartSana';

const MLP_RATIO = 4;

function ltx(config: ConfigReader, model: ModelBuilder): void {
  const sizes = denoiserSizes(config);
  const { hidden } = sizes;
  const channels = config.size('in_channels');
  const context = config.size('cross_attention_dim');
  const bias = config.flag('attention_bias');
  const outputBias = config.flag('attention_out_bias');
  onlyKnown(config, 'qk_norm', ['rms_norm_across_heads']);
  onlyKnown(config, 'activation_fn', ['gelu-approximate', 'gelu']);
  if (config.flag('norm_elementwise_affine')) config.problem('norm_elementwise_affine', 'false');
  denoises(model, hidden, {
    output: { width: 704, height: 512, frames: 161 },
    latent: { space: 32, time: 8 },
    patch: {
      space: config.size('patch_size', { max: 64 }),
      time: config.size('patch_size_t', { max: 64 }),
    },
    textTokens: 128,
    guidance: 'batch',
    steps: 50,
    // Norms over all heads and rotations, both in fp32.
    attending: 16,
  });
  model.linear('proj_in', channels, hidden, 'embedding', true);
  model.parameter('scale_shift_table', [2, hidden]);
  singleModulation(model, 'time_embed', hidden);
  embedder(model, 'caption_projection', config.size('caption_channels'), hidden);
  model.stack('transformer_blocks', config.layers('num_layers'), hidden, () => {
    model.parameter('scale_shift_table', [6, hidden]);
    for (const part of ['attn1', 'attn2'])
      model.scope(part, () => {
        const widths = { hidden, bias, outputBias };
        stream(model, imageNames, part === 'attn1' ? widths : { ...widths, context });
        rmsNorms(model, ['norm_q', 'norm_k'], hidden);
      });
    crossSpec(model, sizes);
    feedForward(model, 'ff', hidden, MLP_RATIO * hidden);
    blockSpecs(model, sizes, MLP_RATIO * hidden);
  });
  model.linear('proj_out', hidden, config.optionalSize('out_channels') ?? channels, 'other', true);
}

/** LTX-Video. Source: diffusers models/transformers/transformer_ltx. */
export const ltxVideo: Family = {
  architectures: [diffusersClass('LTXVideoTransformer3DModel', 'transformer', ltx)],
};
