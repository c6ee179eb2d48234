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
  timestepEmbedder,
} from '../parts/denoiserBlocks';
import type { ModelBuilder } from '../parts/modelBuilder';

const MLP_RATIO = 4;
/** The class conditions on the image's size where it was made for this latent size. */
const SIZED_SAMPLE = 128;

/** One modulation for all blocks from the timestep; each block adds a table of its own (AdaLayerNormSingle). */
export function singleModulation(model: ModelBuilder, name: string, hidden: number, sized = false): void {
  model.scope(name, () => {
    timestepEmbedder(model, hidden, 'emb.timestep_embedder');
    if (sized)
      for (const part of ['resolution', 'aspect_ratio'])
        timestepEmbedder(model, Math.floor(hidden / 3), `emb.${part}_embedder`);
    model.linear('linear', hidden, 6 * hidden, 'other', true);
  });
}

function pixart(config: ConfigReader, model: ModelBuilder): void {
  const sizes = denoiserSizes(config);
  const { hidden } = sizes;
  const patch = config.size('patch_size', { max: 64 });
  const sample = config.size('sample_size');
  const channels = config.size('in_channels');
  const context = config.optionalSize('cross_attention_dim');
  const captions = config.optionalSize('caption_channels');
  const bias = config.flag('attention_bias');
  const sized =
    (config.value('use_additional_conditions') ?? null) === null
      ? sample === SIZED_SAMPLE
      : config.flag('use_additional_conditions');
  onlyKnown(config, 'norm_type', ['ada_norm_single']);
  onlyKnown(config, 'activation_fn', ['gelu-approximate', 'gelu']);
  onlyKnown(config, 'attention_type', ['default']);
  if (config.flag('norm_elementwise_affine')) config.problem('norm_elementwise_affine', 'false');
  denoises(model, hidden, {
    output: { width: 8 * sample, height: 8 * sample, frames: 1 },
    latent: { space: 8, time: 1 },
    patch: { space: patch, time: 1 },
    textTokens: 300,
    guidance: 'batch',
    steps: 20,
    attending: 10,
  });
  model.parameter('scale_shift_table', [2, hidden]);
  model.conv('pos_embed.proj', [hidden, channels, patch, patch], 'embedding');
  singleModulation(model, 'adaln_single', hidden, sized);
  if (captions !== null) embedder(model, 'caption_projection', captions, hidden);
  model.stack('transformer_blocks', config.layers('num_layers'), hidden, () => {
    model.parameter('scale_shift_table', [6, hidden]);
    model.scope('attn1', () => stream(model, imageNames, { hidden, bias, outputBias: true }));
    if (context !== null) {
      model.scope('attn2', () => stream(model, imageNames, { hidden, context, bias, outputBias: true }));
      crossSpec(model, sizes);
    }
    feedForward(model, 'ff', hidden, MLP_RATIO * hidden);
    blockSpecs(model, sizes, MLP_RATIO * hidden);
  });
  model.linear(
    'proj_out',
    hidden,
    patch * patch * (config.optionalSize('out_channels') ?? channels),
    'other',
    true,
  );
}

function sana(config: ConfigReader, model: ModelBuilder): void {
  const sizes = denoiserSizes(config);
  const { hidden } = sizes;
  const patch = config.size('patch_size', { max: 64 });
  const channels = config.size('in_channels');
  const bias = config.flag('attention_bias');
  const norm = config.text('qk_norm');
  onlyKnown(config, 'qk_norm', ['rms_norm_across_heads']);
  if (config.flag('norm_elementwise_affine')) config.problem('norm_elementwise_affine', 'false');
  const context = config.optionalSize('cross_attention_dim');
  const heads = config.heads('num_cross_attention_heads');
  const headDim = config.size('cross_attention_head_dim', { max: 65_536 });
  const cross = { hidden, heads, headDim };
  const edge = 32 * config.size('sample_size');
  const guided = config.flag('guidance_embeds');
  denoises(model, hidden, {
    output: { width: edge, height: edge, frames: 1 },
    latent: { space: 32, time: 1 },
    patch: { space: patch, time: 1 },
    textTokens: 300,
    // Models distilled with guidance (Sprint) run once a step, and two steps.
    guidance: guided ? 'none' : 'batch',
    steps: guided ? 2 : 20,
    // Linear attention in fp32.
    attending: 12,
  });
  model.parameter('scale_shift_table', [2, hidden]);
  model.conv('patch_embed.proj', [hidden, channels, patch, patch], 'embedding');
  if (guided)
    model.scope('time_embed', () => {
      timestepEmbedder(model, hidden);
      timestepEmbedder(model, hidden, 'guidance_embedder');
      model.linear('linear', hidden, 6 * hidden, 'other', true);
    });
  else singleModulation(model, 'time_embed', hidden);
  embedder(model, 'caption_projection', config.size('caption_channels'), hidden);
  model.rmsNorm('caption_norm', hidden);
  const inner = Math.floor(config.real('mlp_ratio') * hidden);
  model.stack('transformer_blocks', config.layers('num_layers'), hidden, () => {
    model.parameter('scale_shift_table', [6, hidden]);
    model.scope('attn1', () => {
      stream(model, imageNames, { hidden, bias, outputBias: true });
      if (norm !== null) rmsNorms(model, ['norm_q', 'norm_k'], hidden);
    });
    if (context !== null) {
      model.scope('attn2', () => {
        stream(model, imageNames, { hidden, context, inner: heads * headDim });
        if (norm !== null) rmsNorms(model, ['norm_q', 'norm_k'], heads * headDim);
      });
      crossSpec(model, cross);
    }
    // A gated MLP of convolutions over neighbouring positions.
    model.scope('ff', () => {
      model.conv('conv_inverted', [2 * inner, hidden, 1, 1], 'gateUp');
      model.conv('conv_depth', [2 * inner, 1, 3, 3], 'other');
      model.conv('conv_point', [hidden, inner, 1, 1], 'down', false);
    });
    blockSpecs(model, sizes, inner, 'gated');
  });
  model.linear(
    'proj_out',
    hidden,
    patch * patch * (config.optionalSize('out_channels') ?? channels),
    'other',
    true,
  );
}

/** PixArt alpha and sigma, and Sana. Source: diffusers models/transformers/pixart_transformer_2d, sana_transformer. */
export const pixartSana: Family = {
  architectures: [
    diffusersClass('PixArtTransformer2DModel', 'transformer', pixart),
    diffusersClass('SanaTransformer2DModel', 'transformer', sana),
  ],
};
