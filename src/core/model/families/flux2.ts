import type { ConfigReader } from '../configReader';
import type { Family } from '../family';
import {
  blockSpecs,
  denoises,
  denoiserSizes,
  diffusersClass,
  embedder,
  imageNames,
  rmsNorms,
  stream,
  textNames,
} from '../parts/denoiserBlocks';
import type { ModelBuilder } from '../parts/modelBuilder';

function build(config: ConfigReader, model: ModelBuilder): void {
  const sizes = denoiserSizes(config);
  const { hidden, headDim } = sizes;
  const inner = Math.floor(config.real('mlp_ratio') * hidden);
  const timesteps = config.size('timestep_guidance_channels');
  const joint = config.layers('num_layers');
  const channels = config.size('in_channels');
  const guided = config.flag('guidance_embeds');
  denoises(model, hidden, {
    output: { width: 1024, height: 1024, frames: 1 },
    latent: { space: 8, time: 1 },
    // The pipeline packs 2 x 2 latents into one token before the transformer (pipelines/flux2).
    patch: { space: 2, time: 1 },
    textTokens: 512,
    // Models without the guidance scale as a condition (Klein's base) run with and without the prompt.
    guidance: guided ? 'none' : 'passes',
    steps: 50,
    // Rotations in fp32, and in the joined blocks a gated MLP beside the attention.
    attending: 21,
  });
  model.scope('time_guidance_embed', () => {
    embedder(model, 'timestep_embedder', timesteps, hidden, false);
    if (guided) embedder(model, 'guidance_embedder', timesteps, hidden, false);
  });
  // One modulation for all blocks of a kind.
  for (const side of ['img', 'txt'])
    model.linear(`double_stream_modulation_${side}.linear`, hidden, 6 * hidden, 'other');
  model.linear('single_stream_modulation.linear', hidden, 3 * hidden, 'other');
  model.linear('x_embedder', channels, hidden, 'embedding');
  model.linear('context_embedder', config.size('joint_attention_dim'), hidden, 'embedding');
  model.stack('transformer_blocks', joint, hidden, () => {
    model.scope('attn', () => {
      stream(model, imageNames, { hidden, bias: false });
      stream(model, textNames, { hidden, bias: false });
      rmsNorms(model, ['norm_q', 'norm_k', 'norm_added_q', 'norm_added_k'], headDim);
    });
    for (const part of ['ff', 'ff_context']) {
      model.linear(`${part}.linear_in`, hidden, 2 * inner, 'gateUp');
      model.linear(`${part}.linear_out`, inner, hidden, 'down');
    }
    blockSpecs(model, sizes, inner, 'gated');
  });
  model.stack(
    'single_transformer_blocks',
    config.layers('num_single_layers'),
    hidden,
    () => {
      model.scope('attn', () => {
        model.linear('to_qkv_mlp_proj', hidden, 3 * hidden + 2 * inner, 'qkv');
        rmsNorms(model, ['norm_q', 'norm_k'], headDim);
        model.linear('to_out', hidden + inner, hidden, 'o');
      });
      blockSpecs(model, sizes, inner, 'gated');
    },
    joint,
  );
  model.linear('norm_out.linear', hidden, 2 * hidden, 'other');
  const out = config.optionalSize('out_channels') ?? channels;
  model.linear('proj_out', hidden, config.size('patch_size', { max: 64 }) ** 2 * out, 'other');
}

/** Flux 2. Source: diffusers models/transformers/transformer_flux2. */
export const flux2: Family = {
  architectures: [diffusersClass('Flux2Transformer2DModel', 'transformer', build)],
};
