import type { ConfigReader } from '../configReader';
import type { Family } from '../family';
import { attentionSpec } from '../parts/attention';
import {
  denoises,
  diffusersClass,
  rmsNorms,
  TIMESTEP_CHANNELS,
  timestepEmbedder,
} from '../parts/denoiserBlocks';
import type { ModelBuilder } from '../parts/modelBuilder';

/** Widths that are fixed in the classes: Z-Image's timestep embedding and its MLP, Lumina's timestep embedding at most. */
const Z_TIMESTEP = 256;
const Z_TIMESTEP_INNER = 1024;
const LUMINA_TIMESTEP = 1024;

interface Block {
  readonly hidden: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly inner: number;
  /** The timestep scales the block. */
  readonly modulated: boolean;
}

function blockSpec(model: ModelBuilder, { hidden, heads, kvHeads, inner }: Block): void {
  const headDim = Math.floor(hidden / heads);
  model.layerAttention(attentionSpec({ hidden, heads, kvHeads, headDim }, { causal: false }));
  model.layerMlp({ kind: 'gated', intermediate: inner, moe: null });
}

function attention(
  model: ModelBuilder,
  name: string,
  { hidden, heads, kvHeads }: Block,
  normed: boolean,
): void {
  const headDim = Math.floor(hidden / heads);
  model.scope(name, () => {
    model.linear('to_q', hidden, heads * headDim, 'q');
    model.linear('to_k', hidden, kvHeads * headDim, 'k');
    model.linear('to_v', hidden, kvHeads * headDim, 'v');
    model.linear('to_out.0', heads * headDim, hidden, 'o');
    if (normed) rmsNorms(model, ['norm_q', 'norm_k'], headDim);
  });
}

/** Blocks over the image and over the prompt apart, then over both. */
function stacks(
  model: ModelBuilder,
  hidden: number,
  counts: { readonly refiners: number; readonly layers: number },
  block: (modulated: boolean) => void,
): void {
  const { refiners, layers } = counts;
  model.stack('noise_refiner', refiners, hidden, () => block(true));
  // Over the prompt alone: few tokens beside the image's.
  for (let layer = 0; layer < refiners; layer++) model.scope(`context_refiner.${layer}`, () => block(false));
  model.stack('layers', layers, hidden, () => block(true), refiners);
}

function zImageModel(config: ConfigReader, model: ModelBuilder): void {
  const hidden = config.size('dim');
  const heads = config.heads('n_heads');
  // `n_kv_heads` is read by nothing.
  const kvHeads = heads;
  config.mustDivide('n_heads', heads, hidden, 'dim');
  const channels = config.size('in_channels');
  const patches = config.integers('all_patch_size', { min: 1, max: 64 }) ?? [];
  const framePatches = config.integers('all_f_patch_size', { min: 1, max: 64 }) ?? [];
  if (framePatches.length !== patches.length)
    config.problem('all_f_patch_size', `a list of ${patches.length} integers`);
  const refiners = config.layers('n_refiner_layers');
  const normed = config.flag('qk_norm');
  const captions = config.size('cap_feat_dim');
  const images = config.optionalSize('siglip_feat_dim');
  const timestep = Math.min(hidden, Z_TIMESTEP);
  denoises(model, hidden, {
    output: { width: 1024, height: 1024, frames: 1 },
    latent: { space: 8, time: 1 },
    patch: { space: patches[0] ?? 2, time: framePatches[0] ?? 1 },
    textTokens: 512,
    guidance: 'batch',
    steps: 50,
    // A gated MLP of two matrices, and rotations of complex numbers.
    attending: 16,
  });
  model.parameter('x_pad_token', [1, hidden]);
  model.parameter('cap_pad_token', [1, hidden]);
  patches.forEach((patch, index) => {
    const frames = framePatches[index] ?? 1;
    const pixels = frames * patch * patch * channels;
    model.linear(`all_x_embedder.${patch}-${frames}`, pixels, hidden, 'embedding', true);
    model.scope(`all_final_layer.${patch}-${frames}`, () => {
      model.linear('linear', hidden, pixels, 'other', true);
      model.linear('adaLN_modulation.1', timestep, hidden, 'other', true);
    });
  });
  model.linear('t_embedder.mlp.0', TIMESTEP_CHANNELS, Z_TIMESTEP_INNER, 'other', true);
  model.linear('t_embedder.mlp.2', Z_TIMESTEP_INNER, timestep, 'other', true);
  const inner = Math.floor((hidden / 3) * 8);
  const block = (modulated: boolean): void => {
    const sizes = { hidden, heads, kvHeads, inner, modulated };
    attention(model, 'attention', sizes, normed);
    model.linear('feed_forward.w1', hidden, inner, 'gate');
    model.linear('feed_forward.w2', inner, hidden, 'down');
    model.linear('feed_forward.w3', hidden, inner, 'up');
    rmsNorms(model, ['attention_norm1', 'ffn_norm1', 'attention_norm2', 'ffn_norm2'], hidden);
    if (modulated) model.linear('adaLN_modulation.0', timestep, 4 * hidden, 'other', true);
    blockSpec(model, sizes);
  };
  const embed = (name: string, from: number): void => {
    model.rmsNorm(`${name}.0`, from);
    model.linear(`${name}.1`, from, hidden, 'embedding', true);
  };
  embed('cap_embedder', captions);
  const layers = config.layers('n_layers');
  if (images !== null) {
    embed('siglip_embedder', images);
    model.parameter('siglip_pad_token', [1, hidden]);
    model.stack('siglip_refiner', refiners, hidden, () => block(false), refiners + layers);
  }
  stacks(model, hidden, { refiners, layers }, block);
}

function lumina2(config: ConfigReader, model: ModelBuilder): void {
  const hidden = config.size('hidden_size');
  const heads = config.heads('num_attention_heads');
  const kvHeads = config.heads('num_kv_heads');
  config.mustDivide('num_attention_heads', heads, hidden, 'hidden_size');
  const patch = config.size('patch_size', { max: 64 });
  const channels = config.size('in_channels');
  const captions = config.size('cap_feat_dim');
  const multiple = config.size('multiple_of', { max: 65_536 });
  const factor =
    (config.value('ffn_dim_multiplier') ?? null) === null ? 1 : config.real('ffn_dim_multiplier');
  const inner = multiple * Math.ceil(Math.floor(factor * 4 * hidden) / multiple);
  const timestep = Math.min(hidden, LUMINA_TIMESTEP);
  const edge = 8 * config.size('sample_size');
  denoises(model, hidden, {
    output: { width: edge, height: edge, frames: 1 },
    latent: { space: 8, time: 1 },
    patch: { space: patch, time: 1 },
    textTokens: 256,
    guidance: 'passes',
    steps: 30,
    // Its activation runs in fp32.
    attending: 27,
  });
  model.linear('x_embedder', patch * patch * channels, hidden, 'embedding', true);
  model.scope('time_caption_embed', () => {
    timestepEmbedder(model, timestep);
    model.rmsNorm('caption_embedder.0', captions);
    model.linear('caption_embedder.1', captions, hidden, 'embedding', true);
  });
  const refiners = config.layers('num_refiner_layers');
  const layers = config.layers('num_layers');
  stacks(model, hidden, { refiners, layers }, (modulated) => {
    const sizes = { hidden, heads, kvHeads, inner, modulated };
    attention(model, 'attn', sizes, true);
    model.linear('feed_forward.linear_1', hidden, inner, 'gate');
    model.linear('feed_forward.linear_2', inner, hidden, 'down');
    model.linear('feed_forward.linear_3', hidden, inner, 'up');
    if (modulated) model.linear('norm1.linear', timestep, 4 * hidden, 'other', true);
    model.rmsNorm(modulated ? 'norm1.norm' : 'norm1', hidden);
    rmsNorms(model, ['ffn_norm1', 'norm2', 'ffn_norm2'], hidden);
    blockSpec(model, sizes);
  });
  const out = config.optionalSize('out_channels') ?? channels;
  model.linear('norm_out.linear_1', timestep, hidden, 'other', true);
  model.linear('norm_out.linear_2', hidden, patch * patch * out, 'other', true);
}

/** Z-Image and Lumina 2. Source: diffusers models/transformers/transformer_z_image, transformer_lumina2. */
export const zImage: Family = {
  architectures: [
    diffusersClass('ZImageTransformer2DModel', 'transformer', zImageModel),
    diffusersClass('Lumina2Transformer2DModel', 'transformer', lumina2),
  ],
};
