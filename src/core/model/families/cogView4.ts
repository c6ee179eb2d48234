import type { ConfigReader } from '../configReader';
import type { Family } from '../family';
import {
  blockSpecs,
  denoises,
  denoiserSizes,
  diffusersClass,
  feedForward,
  imageNames,
  stream,
} from '../parts/denoiserBlocks';
import type { ModelBuilder } from '../parts/modelBuilder';

const MLP_RATIO = 4;
/** Original size, target size and corner of the crop, each with two numbers. */
const SIZES = 6;

function build(config: ConfigReader, model: ModelBuilder): void {
  const sizes = denoiserSizes(config);
  const { hidden } = sizes;
  const patch = config.size('patch_size', { max: 64 });
  const channels = config.size('in_channels');
  const time = config.size('time_embed_dim');
  const edge = 8 * config.size('sample_size');
  denoises(model, hidden, {
    output: { width: edge, height: edge, frames: 1 },
    latent: { space: 8, time: 1 },
    patch: { space: patch, time: 1 },
    // A prompt is padded to steps of 16; the pipeline cuts it at 1024.
    textTokens: 224,
    guidance: 'passes',
    steps: 50,
    attending: 13,
  });
  model.linear('patch_embed.proj', channels * patch * patch, hidden, 'embedding', true);
  model.linear('patch_embed.text_proj', config.size('text_embed_dim'), hidden, 'embedding', true);
  model.scope('time_condition_embed', () => {
    for (const [name, from] of [
      ['timestep_embedder', hidden],
      ['condition_embedder', SIZES * config.size('condition_dim')],
    ] as const) {
      model.linear(`${name}.linear_1`, from, time, 'other', true);
      model.linear(`${name}.linear_2`, time, time, 'other', true);
    }
  });
  model.stack('transformer_blocks', config.layers('num_layers'), hidden, () => {
    model.linear('norm1.linear', time, 12 * hidden, 'other', true);
    model.scope('attn1', () => stream(model, imageNames, { hidden }));
    feedForward(model, 'ff', hidden, MLP_RATIO * hidden);
    blockSpecs(model, sizes, MLP_RATIO * hidden);
  });
  model.linear('norm_out.linear', time, 2 * hidden, 'other', true);
  const out = config.size('out_channels');
  model.linear('proj_out', hidden, patch * patch * out, 'other', true);
}

/** CogView 4. Source: diffusers models/transformers/transformer_cogview4. */
export const cogView4: Family = {
  architectures: [diffusersClass('CogView4Transformer2DModel', 'transformer', build)],
};
