import type { GridScale } from '../blueprint';
import type { ConfigReader } from '../configReader';
import type { Family } from '../family';
import { diffusersClass, levelWidths } from '../parts/denoiserBlocks';
import type { ModelBuilder } from '../parts/modelBuilder';

/** Edge of a tile in pixels; fixed in the classes. */
const TILE = 256;
/** Frames of every convolution's input that are kept for the next latent frame (CACHE_T). */
const FRAMES_KEPT = 2;

/** A norm with one gain for each channel, shaped for images (2) or videos (3). */
function gain(model: ModelBuilder, name: string, width: number, dims: 2 | 3 = 3): void {
  model.tensor(`${name}.gamma`, [width, ...Array.from({ length: dims }, () => 1)], 'norm', 'norm');
}

function residual(model: ModelBuilder, name: string, from: number, to: number): void {
  model.scope(name, () => {
    gain(model, 'norm1', from);
    model.conv('conv1', [to, from, 3, 3, 3], 'other');
    gain(model, 'norm2', to);
    model.conv('conv2', [to, to, 3, 3, 3], 'other');
    if (from !== to) model.conv('conv_shortcut', [to, from, 1, 1, 1], 'other');
  });
}

function attention(model: ModelBuilder, name: string, width: number): void {
  model.scope(name, () => {
    gain(model, 'norm', width, 2);
    model.conv('to_qkv', [3 * width, width, 1, 1], 'qkv');
    model.conv('proj', [width, width, 1, 1], 'o');
  });
}

function middle(model: ModelBuilder, width: number): void {
  model.scope('mid_block', () => {
    attention(model, 'attentions.0', width);
    for (const index of [0, 1]) residual(model, `resnets.${index}`, width, width);
  });
}

function downsampler(model: ModelBuilder, name: string, width: number, inTime: boolean): void {
  model.scope(name, () => {
    model.conv('resample.1', [width, width, 3, 3], 'other');
    if (inTime) model.conv('time_conv', [width, width, 3, 1, 1], 'other');
  });
}

interface Shape {
  readonly channels: number;
  readonly out: number;
  readonly base: number;
  readonly decoderBase: number;
  /** Blocks with a shortcut around their change of resolution (Wan 2.2). */
  readonly residual: boolean;
  /** Edge of the pixel patches that are taken for channels. */
  readonly patch: number;
}

function autoencoder(config: ConfigReader, model: ModelBuilder, shape: Shape): void {
  const latent = config.size('z_dim');
  const layers = config.layers('num_res_blocks');
  const factors = levelWidths(config, 'dim_mult');
  const levels = factors.length;
  const halves = config.value('temperal_downsample');
  const inTime =
    Array.isArray(halves) && halves.length >= levels - 1 && halves.every((one) => typeof one === 'boolean')
      ? halves
      : null;
  if (inTime === null) config.problem('temperal_downsample', `a list of ${levels - 1} of true or false`);
  const scales = config.value('attn_scales');
  if (Array.isArray(scales) && scales.length > 0) config.problem('attn_scales', 'an empty list');
  const time = (level: number): boolean => inTime?.[level] ?? false;
  const halvings = factors.slice(0, -1).filter((_, level) => time(level)).length;
  model.facts = {
    ...model.facts,
    hidden: shape.base * (factors.at(-1) ?? 1),
    diffusion: {
      part: 'autoencoder',
      latent: { space: 2 ** Math.max(0, levels - 1) * shape.patch, time: 2 ** halvings },
      tile: { width: TILE, height: TILE },
      // One latent frame.
      framesAtOnce: 2 ** halvings,
      framesKept: FRAMES_KEPT,
      // Upsampling in fp32 beside its 16-bit input and result.
      copies: 3.5,
      upcast: false,
    },
  };

  const down = [1, ...factors].map((factor) => factor * shape.base);
  model.scope('encoder', () => {
    model.conv('conv_in', [down[0] ?? 1, shape.channels, 3, 3, 3], 'other');
    let index = 0;
    factors.forEach((_, level) => {
      const [from = 1, to = 1] = down.slice(level, level + 2);
      const last = level === levels - 1;
      if (shape.residual)
        model.scope(`down_blocks.${level}`, () => {
          for (let layer = 0; layer < layers; layer++)
            residual(model, `resnets.${layer}`, layer === 0 ? from : to, to);
          if (!last) downsampler(model, 'downsampler', to, time(level));
        });
      else {
        for (let layer = 0; layer < layers; layer++)
          residual(model, `down_blocks.${index++}`, layer === 0 ? from : to, to);
        if (!last) downsampler(model, `down_blocks.${index++}`, to, time(level));
      }
    });
    const end = down.at(-1) ?? 1;
    middle(model, end);
    gain(model, 'norm_out', end);
    model.conv('conv_out', [2 * latent, end, 3, 3, 3], 'other');
  });
  model.conv('quant_conv', [2 * latent, 2 * latent, 1, 1, 1], 'other');
  model.conv('post_quant_conv', [latent, latent, 1, 1, 1], 'other');

  const up = [factors.at(-1) ?? 1, ...factors.toReversed()].map((factor) => factor * shape.decoderBase);
  model.scope('decoder', () => {
    let grid: GridScale = { time: 1, space: 1 };
    model.grid(grid, () => {
      model.conv('conv_in', [up[0] ?? 1, latent, 3, 3, 3], 'other');
      middle(model, up[0] ?? 1);
    });
    factors.forEach((_, level) =>
      model.scope(`up_blocks.${level}`, () => {
        const [before = 1, to = 1] = up.slice(level, level + 2);
        // An upsampler of the plain form halves the channels.
        const from = level > 0 && !shape.residual ? Math.floor(before / 2) : before;
        const last = level === levels - 1;
        model.grid(grid, () => {
          for (let layer = 0; layer <= layers; layer++)
            residual(model, `resnets.${layer}`, layer === 0 ? from : to, to);
        });
        if (last) return;
        // The decoder turns the whole list around.
        const rises = inTime?.[inTime.length - 1 - level] ?? false;
        grid = { time: grid.time * (rises ? 2 : 1), space: grid.space * 2 };
        model.scope(shape.residual ? 'upsampler' : 'upsamplers.0', () => {
          model.grid(grid, () =>
            model.conv('resample.1', [shape.residual ? to : Math.floor(to / 2), to, 3, 3], 'other'),
          );
          if (rises)
            model.grid({ ...grid, space: grid.space / 2 }, () =>
              model.conv('time_conv', [2 * to, to, 3, 1, 1], 'other'),
            );
        });
      }),
    );
    model.grid(grid, () => {
      const end = up.at(-1) ?? 1;
      gain(model, 'norm_out', end);
      model.conv('conv_out', [shape.out, end, 3, 3, 3], 'other');
    });
  });
}

function wan(config: ConfigReader, model: ModelBuilder): void {
  const base = config.size('base_dim');
  autoencoder(config, model, {
    channels: config.size('in_channels'),
    out: config.size('out_channels'),
    base,
    decoderBase: config.optionalSize('decoder_base_dim') ?? base,
    residual: config.flag('is_residual'),
    patch: config.optionalSize('patch_size', { max: 64 }) ?? 1,
  });
}

function qwen(config: ConfigReader, model: ModelBuilder): void {
  const base = config.size('base_dim');
  const channels = config.size('input_channels');
  const shape = { channels, out: channels, base, decoderBase: base, residual: false, patch: 1 };
  autoencoder(config, model, shape);
}

/** The video autoencoder of Wan, and Qwen-Image's copy of it. Source: diffusers models/autoencoders/autoencoder_kl_wan, …_qwenimage. */
export const autoencoderWan: Family = {
  architectures: [
    diffusersClass('AutoencoderKLWan', 'vae', wan),
    diffusersClass('AutoencoderKLQwenImage', 'vae', qwen),
  ],
};
