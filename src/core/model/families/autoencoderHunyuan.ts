import type { GridScale } from '../blueprint';
import type { ConfigReader } from '../configReader';
import type { Family } from '../family';
import { diffusersClass, levelWidths } from '../parts/denoiserBlocks';
import type { ModelBuilder } from '../parts/modelBuilder';
import { residualBlock } from '../parts/residualBlock';

const TILE = 256;

/** Names and shapes that the two autoencoders do not share: one works on images, the other on videos. */
interface Kind {
  readonly norm: (model: ModelBuilder, name: string, width: number) => void;
  readonly conv: (model: ModelBuilder, name: string, to: number, from: number) => void;
  readonly block: (model: ModelBuilder, name: string, from: number, to: number) => void;
  /** A 1 x 1 convolution's kernel. */
  readonly one: readonly number[];
  readonly attentionOut: string;
}

const images: Kind = {
  norm: (model, name, width) => model.layerNorm(name, width),
  conv: (model, name, to, from) => model.conv(name, [to, from, 3, 3], 'other'),
  block: (model, name, from, to) => residualBlock(model, name, from, to),
  one: [1, 1],
  attentionOut: 'proj',
};

const videos: Kind = {
  norm: (model, name, width) => model.tensor(`${name}.gamma`, [width, 1, 1, 1], 'norm', 'norm'),
  conv: (model, name, to, from) => model.conv(`${name}.conv`, [to, from, 3, 3, 3], 'other'),
  block: (model, name, from, to) =>
    model.scope(name, () => {
      videos.norm(model, 'norm1', from);
      videos.conv(model, 'conv1', to, from);
      videos.norm(model, 'norm2', to);
      videos.conv(model, 'conv2', to, to);
      if (from !== to) model.conv('conv_shortcut', [to, from, 1, 1, 1], 'other');
    }),
  one: [1, 1, 1],
  attentionOut: 'proj_out',
};

function middle(model: ModelBuilder, kind: Kind, width: number): void {
  model.scope('mid_block', () => {
    for (const index of [0, 1]) kind.block(model, `resnets.${index}`, width, width);
    model.scope('attentions.0', () => {
      kind.norm(model, 'norm', width);
      for (const [name, role] of [
        ['to_q', 'q'],
        ['to_k', 'k'],
        ['to_v', 'v'],
        [kind.attentionOut, 'o'],
      ] as const)
        model.conv(name, [width, width, ...kind.one], role);
    });
  });
}

interface Shape {
  readonly kind: Kind;
  readonly widths: readonly number[];
  readonly layers: number;
  readonly latent: number;
  /** How a level of the encoder (of the decoder) changes the grid; null = not at all. */
  readonly down: (level: number) => GridScale | null;
  readonly up: (level: number) => GridScale | null;
  /** Modules of a level lie in one list, or in lists of their own. */
  readonly flat: boolean;
}

const factorOf = ({ time, space }: GridScale): number => time * space * space;

function halves(config: ConfigReader, model: ModelBuilder, shape: Shape): GridScale {
  const { kind, widths, layers, latent, flat } = shape;
  const last = widths.at(-1) ?? 1;
  const matches = {
    down: config.flag('downsample_match_channel'),
    up: config.flag('upsample_match_channel'),
  };
  const place = (list: string, level: number): { block: (layer: number) => string; sampler: string } => {
    const side = list === 'down_blocks' ? 'downsamplers' : 'upsamplers';
    return flat
      ? { block: () => `${list}.${index++}`, sampler: '' }
      : {
          block: (layer) => `${list}.${level}.resnets.${layer}`,
          sampler: `${list}.${level}.${side}.0.conv`,
        };
  };
  let index = 0;
  model.scope('encoder', () => {
    let before = widths[0] ?? 1;
    kind.conv(model, 'conv_in', before, config.size('in_channels'));
    widths.forEach((width, level) => {
      const names = place('down_blocks', level);
      for (let layer = 0; layer < layers; layer++) {
        kind.block(model, names.block(layer), layer === 0 ? before : width, width);
      }
      before = width;
      const change = shape.down(level);
      if (change === null) return;
      before = matches.down ? (widths[level + 1] ?? width) : width;
      // Pixels are folded into channels after the convolution.
      const name = flat ? `${names.block(0)}.conv` : names.sampler;
      kind.conv(model, name, Math.floor(before / factorOf(change)), width);
    });
    middle(model, kind, last);
    kind.norm(model, 'norm_out', last);
    kind.conv(model, 'conv_out', 2 * latent, last);
  });

  let grid: GridScale = { time: 1, space: 1 };
  index = 0;
  const turned = widths.toReversed();
  model.scope('decoder', () => {
    model.grid(grid, () => {
      kind.conv(model, 'conv_in', last, latent);
      middle(model, kind, last);
    });
    let before = last;
    turned.forEach((width, level) => {
      const names = place('up_blocks', level);
      const change = shape.up(level);
      model.grid(grid, () => {
        for (let layer = 0; layer <= layers; layer++)
          kind.block(model, names.block(layer), layer === 0 ? before : width, width);
        before = width;
        if (change === null) return;
        before = matches.up ? (turned[level + 1] ?? width) : width;
        kind.conv(model, flat ? `${names.block(0)}.conv` : names.sampler, before * factorOf(change), width);
      });
      if (change !== null) grid = { time: grid.time * change.time, space: grid.space * change.space };
    });
    const end = turned.at(-1) ?? 1;
    model.grid(grid, () => {
      kind.norm(model, 'norm_out', end);
      kind.conv(model, 'conv_out', config.size('out_channels'), end);
    });
  });
  return grid;
}

function image(config: ConfigReader, model: ModelBuilder): void {
  const widths = levelWidths(config, 'block_out_channels');
  const halvings = Math.log2(config.size('spatial_compression_ratio', { max: 1024 }));
  const change = (level: number): GridScale | null =>
    level < halvings && level < widths.length - 1 ? { time: 1, space: 2 } : null;
  const shape = { kind: images, widths, flat: true, down: change, up: change };
  const latent = halves(config, model, {
    ...shape,
    layers: config.layers('layers_per_block'),
    latent: config.size('latent_channels'),
  });
  const tile = config.size('sample_size');
  model.facts = {
    ...model.facts,
    hidden: widths.at(-1) ?? 1,
    diffusion: {
      part: 'autoencoder',
      latent,
      tile: { width: tile, height: tile },
      framesAtOnce: null,
      framesKept: 0,
      // What the block adds to, its norm, its activation, and what was unfolded before it.
      copies: 3.5,
      upcast: false,
    },
  };
}

function video(config: ConfigReader, model: ModelBuilder): void {
  const widths = levelWidths(config, 'block_out_channels');
  const inSpace = config.size('spatial_compression_ratio', { max: 1024 });
  const inTime = config.size('temporal_compression_ratio', { max: 64 });
  const halvings = Math.log2(inSpace);
  if (halvings > widths.length - 1)
    config.problem(
      'spatial_compression_ratio',
      `at most ${2 ** (widths.length - 1)}, a doubling for each level`,
    );
  const latent = halves(config, model, {
    kind: videos,
    widths,
    layers: config.layers('layers_per_block'),
    latent: config.size('latent_channels'),
    flat: false,
    // Time is folded last and unfolded first.
    down: (level) =>
      level < halvings ? { space: 2, time: level >= Math.log2(Math.floor(inSpace / inTime)) ? 2 : 1 } : null,
    up: (level) =>
      level < halvings || level < Math.log2(inTime)
        ? { space: 2, time: level < Math.log2(inTime) ? 2 : 1 }
        : null,
  });
  model.facts = {
    ...model.facts,
    hidden: widths.at(-1) ?? 1,
    diffusion: {
      part: 'autoencoder',
      latent,
      tile: { width: TILE, height: TILE },
      framesAtOnce: null,
      framesKept: 0,
      // What the block adds to, its norm, its input padded in time, and what was unfolded before it.
      copies: 7,
      upcast: false,
    },
  };
}

/** The autoencoders of HunyuanVideo 1.5 and HunyuanImage. Source: diffusers models/autoencoders/autoencoder_kl_hunyuanvideo15, …_hunyuanimage. */
export const autoencoderHunyuan: Family = {
  architectures: [
    diffusersClass('AutoencoderKLHunyuanVideo15', 'vae', video),
    diffusersClass('AutoencoderKLHunyuanImage', 'vae', image),
  ],
};
