import type { ConfigReader } from '../configReader';
import type { Family } from '../family';
import {
  blockSpecs,
  denoises,
  denoiserSizes,
  diffusersClass,
  embedder,
  feedForward,
  imageNames,
  rmsNorms,
  stream,
  textNames,
  timestepEmbedder,
  type DenoiserSizes,
} from '../parts/denoiserBlocks';
import type { ModelBuilder } from '../parts/modelBuilder';

/** Width of the MLPs over the hidden width; fixed in the classes. */
const MLP_RATIO = 4;

/** Rotated fp32 copies of queries and keys, and in the joined blocks an MLP beside the attention. */
const ATTENDING = 17;

const square = { width: 1024, height: 1024, frames: 1 };
const eight = { space: 8, time: 1 };

/** Timestep and pooled text, and the guidance scale where the model was distilled with it. */
function conditions(config: ConfigReader, model: ModelBuilder, hidden: number, guidance: boolean): void {
  model.scope('time_text_embed', () => {
    timestepEmbedder(model, hidden);
    if (guidance) timestepEmbedder(model, hidden, 'guidance_embedder');
    embedder(model, 'text_embedder', config.size('pooled_projection_dim'), hidden);
  });
}

interface JointOptions {
  readonly normed: boolean;
  /** The timestep scales and shifts through matrices of the block's own. */
  readonly modulated: boolean;
  /** A second attention over the image alone. */
  readonly dual: boolean;
  /** The text is not needed after this block. */
  readonly last: boolean;
}

/** A block in which image and text have weights of their own and attend together. */
function jointBlock(model: ModelBuilder, sizes: DenoiserSizes, options: JointOptions): void {
  const { normed, modulated, dual, last } = options;
  const { hidden, headDim } = sizes;
  if (modulated) {
    model.linear('norm1.linear', hidden, (dual ? 9 : 6) * hidden, 'other', true);
    model.linear('norm1_context.linear', hidden, (last ? 2 : 6) * hidden, 'other', true);
  }
  const [q, k, v, o] = textNames;
  model.scope('attn', () => {
    stream(model, imageNames, { hidden });
    stream(model, [q, k, v, last ? null : o], { hidden });
    if (normed) rmsNorms(model, ['norm_q', 'norm_k', 'norm_added_q', 'norm_added_k'], headDim);
  });
  if (dual)
    model.scope('attn2', () => {
      stream(model, imageNames, { hidden });
      if (normed) rmsNorms(model, ['norm_q', 'norm_k'], headDim);
    });
  feedForward(model, 'ff', hidden, MLP_RATIO * hidden);
  if (!last) feedForward(model, 'ff_context', hidden, MLP_RATIO * hidden);
  blockSpecs(model, sizes, MLP_RATIO * hidden);
}

/** Blocks over image and text, then blocks over both in one stream, as Flux and its kin stack them. */
function fluxBlocks(
  config: ConfigReader,
  model: ModelBuilder,
  sizes: DenoiserSizes,
  modulated: boolean,
): void {
  const { hidden, headDim } = sizes;
  const joint = config.layers('num_layers');
  model.stack('transformer_blocks', joint, hidden, () =>
    jointBlock(model, sizes, { normed: true, modulated, dual: false, last: false }),
  );
  model.stack(
    'single_transformer_blocks',
    config.layers('num_single_layers'),
    hidden,
    () => {
      if (modulated) model.linear('norm.linear', hidden, 3 * hidden, 'other', true);
      model.linear('proj_mlp', hidden, MLP_RATIO * hidden, 'up', true);
      // Attention and MLP side by side share their output matrix.
      model.linear('proj_out', (1 + MLP_RATIO) * hidden, hidden, 'down', true);
      model.scope('attn', () => {
        const [q, k, v] = imageNames;
        stream(model, [q, k, v, null], { hidden });
        rmsNorms(model, ['norm_q', 'norm_k'], headDim);
      });
      blockSpecs(model, sizes, MLP_RATIO * hidden);
    },
    joint,
  );
}

function fluxEnds(config: ConfigReader, model: ModelBuilder, hidden: number): void {
  const channels = config.size('in_channels');
  const out = config.optionalSize('out_channels') ?? channels;
  model.linear('context_embedder', config.size('joint_attention_dim'), hidden, 'embedding', true);
  model.linear('x_embedder', channels, hidden, 'embedding', true);
  model.linear('proj_out', hidden, config.size('patch_size') ** 2 * out, 'other', true);
}

/** The pipeline packs 2 x 2 latents into one token before the transformer (pipelines/flux). */
const packed = { space: 2, time: 1 };

function flux(config: ConfigReader, model: ModelBuilder): void {
  const sizes = denoiserSizes(config);
  const { hidden } = sizes;
  const guidance = config.flag('guidance_embeds');
  denoises(model, hidden, {
    output: square,
    latent: eight,
    patch: packed,
    textTokens: 512,
    guidance: 'none',
    steps: guidance ? 28 : 4,
    attending: ATTENDING,
  });
  conditions(config, model, hidden, guidance);
  fluxEnds(config, model, hidden);
  fluxBlocks(config, model, sizes, true);
  model.linear('norm_out.linear', hidden, 2 * hidden, 'other', true);
}

/** The blocks of Flux with a matrix after each, whose results are added to the denoiser's. */
function fluxControl(config: ConfigReader, model: ModelBuilder): void {
  const sizes = denoiserSizes(config);
  const { hidden } = sizes;
  const channels = config.size('in_channels');
  if ((config.value('conditioning_embedding_channels') ?? null) !== null)
    config.problem('conditioning_embedding_channels', 'null, the only form that is known');
  denoises(model, hidden, {
    output: square,
    latent: eight,
    patch: packed,
    textTokens: 512,
    guidance: 'none',
    steps: 28,
    attending: ATTENDING,
  });
  conditions(config, model, hidden, config.flag('guidance_embeds'));
  model.linear('context_embedder', config.size('joint_attention_dim'), hidden, 'embedding', true);
  model.linear('x_embedder', channels, hidden, 'embedding', true);
  fluxBlocks(config, model, sizes, true);
  const results = (name: string, count: number): void => {
    for (let index = 0; index < count; index++)
      model.linear(`${name}.${index}`, hidden, hidden, 'other', true);
  };
  results('controlnet_blocks', config.layers('num_layers'));
  results('controlnet_single_blocks', config.layers('num_single_layers'));
  const modes = config.optionalHeads('num_mode');
  if (modes !== null) model.embedding('controlnet_mode_embedder', modes, hidden, 'other');
  model.linear('controlnet_x_embedder', channels, hidden, 'embedding', true);
}

/** Flux without modulation matrices: a small network gives every block its shifts and scales. */
function chroma(config: ConfigReader, model: ModelBuilder): void {
  const sizes = denoiserSizes(config);
  const { hidden } = sizes;
  denoises(model, hidden, {
    output: square,
    latent: eight,
    patch: packed,
    textTokens: 512,
    guidance: 'passes',
    steps: 35,
    attending: ATTENDING,
  });
  const inner = config.size('approximator_hidden_dim');
  model.scope('distilled_guidance_layer', () => {
    model.linear('in_proj', config.size('approximator_num_channels'), inner, 'other', true);
    const layers = config.layers('approximator_layers');
    for (let layer = 0; layer < layers; layer++) {
      embedder(model, `layers.${layer}`, inner, inner);
      model.rmsNorm(`norms.${layer}`, inner);
    }
    model.linear('out_proj', inner, hidden, 'other', true);
  });
  fluxEnds(config, model, hidden);
  fluxBlocks(config, model, sizes, false);
}

function sd3(config: ConfigReader, model: ModelBuilder): void {
  const sizes = denoiserSizes(config);
  const { hidden } = sizes;
  const patch = config.size('patch_size', { max: 64 });
  const channels = config.size('in_channels');
  const layers = config.layers('num_layers');
  const dual = new Set(config.integers('dual_attention_layers') ?? []);
  const norm = config.text('qk_norm');
  if (norm !== null && norm !== 'rms_norm') config.problem('qk_norm', 'rms_norm or null');
  const text = config.size('caption_projection_dim');
  if (text !== hidden) config.problem('caption_projection_dim', `the hidden width ${hidden}`);
  const edge = config.size('sample_size') * eight.space;
  denoises(model, hidden, {
    output: { width: edge, height: edge, frames: 1 },
    latent: eight,
    patch: { space: patch, time: 1 },
    // CLIP's 77 tokens and T5's 256 lie behind one another (pipelines/stable_diffusion_3).
    textTokens: 333,
    guidance: 'batch',
    steps: 28,
    attending: 12,
  });
  model.scope('pos_embed', () => {
    model.buffer('pos_embed', [1, config.size('pos_embed_max_size') ** 2, hidden], 'f32');
    model.conv('proj', [hidden, channels, patch, patch], 'embedding');
  });
  conditions(config, model, hidden, false);
  model.linear('context_embedder', config.size('joint_attention_dim'), text, 'embedding', true);
  model.stack('transformer_blocks', layers, hidden, (index) =>
    jointBlock(model, sizes, {
      normed: norm !== null,
      modulated: true,
      dual: dual.has(index),
      last: index === layers - 1,
    }),
  );
  model.linear('norm_out.linear', hidden, 2 * hidden, 'other', true);
  const out = config.optionalSize('out_channels') ?? channels;
  model.linear('proj_out', hidden, patch * patch * out, 'other', true);
}

/** Flux 1 with its ControlNets, Chroma and Stable Diffusion 3. Source: diffusers models/transformers, models/controlnets. */
export const diffusionTransformers: Family = {
  architectures: [
    diffusersClass('FluxTransformer2DModel', 'transformer', flux),
    diffusersClass('SD3Transformer2DModel', 'transformer', sd3),
    diffusersClass('ChromaTransformer2DModel', 'transformer', chroma),
    diffusersClass('FluxControlNetModel', 'controlnet', fluxControl),
  ],
};
