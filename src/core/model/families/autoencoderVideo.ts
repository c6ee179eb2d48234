import type { GridScale } from '../blueprint';
import type { ConfigReader } from '../configReader';
import type { Family } from '../family';
import { diffusersClass, levelWidths } from '../parts/denoiserBlocks';
import type { ModelBuilder } from '../parts/modelBuilder';

/** Edge of HunyuanVideo's tiles in pixels; fixed in the class. */
const TILE = 256;

const first: GridScale = { time: 1, space: 1 };

/** What the two autoencoders call their modules. */
interface Names {
  /** Convolutions along time lie in a module of their own. */
  readonly conv: (name: string) => string;
  readonly shortcut: string;
  /** The norm before the last convolution. */
  readonly last: string;
  /** A norm; the decoder of CogVideoX lets the latents scale and shift it. */
  readonly norm: (model: ModelBuilder, name: string, width: number, latents: number | null) => void;
}

const cogNames: Names = {
  conv: (name) => `${name}.conv`,
  shortcut: 'conv_shortcut',
  last: 'norm_out',
  norm: (model, name, width, latents) => {
    if (latents === null) {
      model.layerNorm(name, width);
      return;
    }
    model.scope(name, () => {
      model.layerNorm('norm_layer', width);
      model.conv('conv_y.conv', [width, latents, 1, 1, 1], 'other');
      model.conv('conv_b.conv', [width, latents, 1, 1, 1], 'other');
    });
  },
};

const hunyuanNames: Names = {
  conv: (name) => `${name}.conv`,
  shortcut: 'conv_shortcut.conv',
  last: 'conv_norm_out',
  norm: (model, name, width) => model.layerNorm(name, width),
};

/** A residual block of two convolutions over space and time. */
function residual(
  model: ModelBuilder,
  names: Names,
  name: string,
  from: number,
  to: number,
  latents: number | null,
): void {
  model.scope(name, () => {
    names.norm(model, 'norm1', from, latents);
    model.conv(names.conv('conv1'), [to, from, 3, 3, 3], 'other');
    names.norm(model, 'norm2', to, latents);
    model.conv(names.conv('conv2'), [to, to, 3, 3, 3], 'other');
    if (from !== to) model.conv(names.shortcut, [to, from, 1, 1, 1], 'other');
  });
}

function middle(
  model: ModelBuilder,
  names: Names,
  width: number,
  latents: number | null,
  attends: boolean,
): void {
  model.scope('mid_block', () => {
    for (const index of [0, 1]) residual(model, names, `resnets.${index}`, width, width, latents);
    if (!attends) return;
    model.scope('attentions.0', () => {
      model.layerNorm('group_norm', width);
      for (const [name, role] of [
        ['to_q', 'q'],
        ['to_k', 'k'],
        ['to_v', 'v'],
        ['to_out.0', 'o'],
      ] as const)
        model.linear(name, width, width, role, true);
    });
  });
}

interface Shape {
  readonly names: Names;
  readonly widths: readonly number[];
  readonly layers: number;
  readonly latent: number;
  readonly attends: boolean;
  /** The decoder's norms look at the latents. */
  readonly spatialNorms: boolean;
  /** How a level of the encoder (of the decoder) changes the grid; null = not at all. */
  readonly down: (level: number) => GridScale | null;
  readonly up: (level: number) => GridScale | null;
  /** Shape of the convolution that follows such a change. */
  readonly sampler: (width: number) => { readonly name: string; readonly shape: readonly number[] };
}

/** Encoder and decoder; returns how much finer the decoder's end is than the latents. */
function halves(config: ConfigReader, model: ModelBuilder, shape: Shape): GridScale {
  const { names, widths, layers, latent } = shape;
  const last = widths.at(-1) ?? 1;
  let before = widths[0] ?? 1;
  model.scope('encoder', () => {
    model.conv(names.conv('conv_in'), [before, config.size('in_channels'), 3, 3, 3], 'other');
    widths.forEach((width, level) =>
      model.scope(`down_blocks.${level}`, () => {
        for (let layer = 0; layer < layers; layer++)
          residual(model, names, `resnets.${layer}`, layer === 0 ? before : width, width, null);
        if (shape.down(level) !== null) {
          const sampler = shape.sampler(width);
          model.conv(`downsamplers.0.${sampler.name}`, sampler.shape, 'other');
        }
        before = width;
      }),
    );
    middle(model, names, last, null, shape.attends);
    names.norm(model, names.last, last, null);
    model.conv(names.conv('conv_out'), [2 * latent, last, 3, 3, 3], 'other');
  });

  let grid = first;
  before = last;
  const latents = shape.spatialNorms ? latent : null;
  const upward = widths.toReversed();
  model.scope('decoder', () => {
    model.grid(grid, () => {
      model.conv(names.conv('conv_in'), [last, latent, 3, 3, 3], 'other');
      middle(model, names, last, latents, shape.attends);
    });
    upward.forEach((width, level) =>
      model.scope(`up_blocks.${level}`, () => {
        model.grid(grid, () => {
          for (let layer = 0; layer <= layers; layer++)
            residual(model, names, `resnets.${layer}`, layer === 0 ? before : width, width, latents);
        });
        before = width;
        const change = shape.up(level);
        if (change === null) return;
        grid = { time: grid.time * change.time, space: grid.space * change.space };
        const sampler = shape.sampler(width);
        model.grid(grid, () => model.conv(`upsamplers.0.${sampler.name}`, sampler.shape, 'other'));
      }),
    );
    const end = upward.at(-1) ?? 1;
    model.grid(grid, () => {
      names.norm(model, names.last, end, latents);
      model.conv(names.conv('conv_out'), [config.size('out_channels'), end, 3, 3, 3], 'other');
    });
  });
  return grid;
}

function levelsOf(config: ConfigReader, kind: string): readonly number[] {
  const widths = levelWidths(config, 'block_out_channels');
  for (const [key, side] of [
    ['down_block_types', 'Down'],
    ['up_block_types', 'Up'],
  ] as const)
    if (config.perLayerWords(key, widths.length)?.some((word) => word !== `${kind}${side}Block3D`) === true)
      config.problem(key, `${kind}${side}Block3D for every entry of block_out_channels`);
  return widths;
}

function cogVideoX(config: ConfigReader, model: ModelBuilder): void {
  const widths = levelsOf(config, 'CogVideoX');
  const latent = config.size('latent_channels');
  const inTime = Math.floor(Math.log2(config.size('temporal_compression_ratio', { max: 64 })));
  const change = (level: number): GridScale | null =>
    level === widths.length - 1 ? null : { time: level < inTime ? 2 : 1, space: 2 };
  const grid = halves(config, model, {
    names: cogNames,
    widths,
    layers: config.layers('layers_per_block'),
    latent,
    attends: false,
    spatialNorms: true,
    down: change,
    up: change,
    // Frames are resampled one by one.
    sampler: (width) => ({ name: 'conv', shape: [width, width, 3, 3] }),
  });
  const out = config.size('out_channels');
  if (config.flag('use_quant_conv')) model.conv('quant_conv', [2 * out, 2 * out, 1, 1, 1], 'other');
  if (config.flag('use_post_quant_conv')) model.conv('post_quant_conv', [out, out, 1, 1, 1], 'other');
  model.facts = {
    ...model.facts,
    hidden: widths.at(-1) ?? 1,
    diffusion: {
      part: 'autoencoder',
      latent: grid,
      tile: {
        width: Math.floor(config.size('sample_width') / 2),
        height: Math.floor(config.size('sample_height') / 2),
      },
      // Two latent frames.
      framesAtOnce: 2 * grid.time,
      // Two frames, those of the piece before and of this one.
      framesKept: 4,
      // Norms that the latents scale and shift, and convolutions of pieces under 2 GiB.
      copies: 7,
      upcast: false,
    },
  };
}

function hunyuan(config: ConfigReader, model: ModelBuilder): void {
  const widths = levelsOf(config, 'HunyuanVideo');
  const latent = config.size('latent_channels');
  const ratio = config.size('temporal_compression_ratio', { max: 64 });
  if (ratio !== 4) config.problem('temporal_compression_ratio', '4');
  const inSpace = Math.floor(Math.log2(config.size('spatial_compression_ratio', { max: 64 })));
  const inTime = Math.floor(Math.log2(ratio));
  const lastLevel = widths.length - 1;
  const change = (level: number): GridScale | null => {
    const space = level < inSpace ? 2 : 1;
    const time = level >= lastLevel - inTime && level < lastLevel ? 2 : 1;
    return space * time === 1 ? null : { time, space };
  };
  const grid = halves(config, model, {
    names: hunyuanNames,
    widths,
    layers: config.layers('layers_per_block'),
    latent,
    attends: config.flag('mid_block_add_attention'),
    spatialNorms: false,
    down: change,
    up: change,
    sampler: (width) => ({ name: 'conv.conv', shape: [width, width, 3, 3, 3] }),
  });
  model.conv('quant_conv', [2 * latent, 2 * latent, 1, 1, 1], 'other');
  model.conv('post_quant_conv', [latent, latent, 1, 1, 1], 'other');
  model.facts = {
    ...model.facts,
    hidden: widths.at(-1) ?? 1,
    diffusion: {
      part: 'autoencoder',
      latent: grid,
      tile: { width: TILE, height: TILE },
      // Pieces of 16 frames and one more (use_framewise_decoding).
      framesAtOnce: 17,
      framesKept: 0,
      // Upsampling: all but the first frame, all, and all padded for the convolution.
      copies: 4.5,
      upcast: false,
    },
  };
}

/** The video autoencoders of CogVideoX and HunyuanVideo. Source: diffusers models/autoencoders/autoencoder_kl_cogvideox, …_hunyuan_video. */
export const autoencoderVideo: Family = {
  architectures: [
    diffusersClass('AutoencoderKLCogVideoX', 'vae', cogVideoX),
    diffusersClass('AutoencoderKLHunyuanVideo', 'vae', hunyuan),
  ],
};
