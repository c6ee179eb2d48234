import type { GridScale } from '../blueprint';
import type { ConfigReader } from '../configReader';
import type { Family } from '../family';
import { diffusersClass, embedder, levelWidths, TIMESTEP_CHANNELS } from '../parts/denoiserBlocks';
import type { ModelBuilder } from '../parts/modelBuilder';

const TILE = 512;
/** Doubling frames, rows and columns at once. */
const EIGHT = 8;

interface Options {
  readonly noise: boolean;
  readonly timestep: boolean;
}

const plain: Options = { noise: false, timestep: false };

/** Convolutions lie in a module of their own that pads in time. */
function conv(model: ModelBuilder, name: string, to: number, from: number, kernel = 3): void {
  model.conv(`${name}.conv`, [to, from, kernel, kernel, kernel], 'other');
}

function residual(model: ModelBuilder, name: string, from: number, to: number, options: Options): void {
  model.scope(name, () => {
    if (options.noise)
      for (const part of ['per_channel_scale1', 'per_channel_scale2']) model.parameter(part, [from, 1, 1]);
    if (options.timestep) model.parameter('scale_shift_table', [4, from]);
    conv(model, 'conv1', to, from);
    conv(model, 'conv2', to, to);
    if (from === to) return;
    model.layerNorm('norm3', from);
    conv(model, 'conv_shortcut', to, from, 1);
  });
}

function timeEmbedder(model: ModelBuilder, width: number): void {
  embedder(model, 'time_embedder.timestep_embedder', TIMESTEP_CHANNELS, width);
}

/** A list of true or false with an entry per block, the last of them standing for those that are not there. */
function flags(config: ConfigReader, key: string, count: number): readonly boolean[] {
  const value = config.value(key);
  const good =
    Array.isArray(value) && value.length >= count && value.every((one) => typeof one === 'boolean');
  if (!good) config.problem(key, `a list of ${count} of true or false`);
  return good ? value : [];
}

function counts(config: ConfigReader, key: string, count: number): readonly number[] {
  const values = config.integers(key, { max: 256 }) ?? [];
  if (values.length < count) config.problem(key, `a list of ${count} integers`);
  return values;
}

function encoder(config: ConfigReader, model: ModelBuilder, latent: number, pixels: number): void {
  const widths = levelWidths(config, 'block_out_channels');
  const types = config.perLayerWords('down_block_types', widths.length) ?? [];
  if (types.some((type) => type !== 'LTXVideoDownBlock3D' && type !== 'LTXVideo095DownBlock3D'))
    config.problem('down_block_types', 'LTXVideoDownBlock3D or LTXVideo095DownBlock3D');
  const later = types.at(-1) === 'LTXVideo095DownBlock3D';
  const blocks = widths.length - (later ? 1 : 0);
  const scaling = flags(config, 'spatio_temporal_scaling', blocks);
  const layers = counts(config, 'layers_per_block', blocks + 1);
  const samplers = later ? (config.perLayerWords('downsample_type', blocks) ?? []) : [];
  model.scope('encoder', () => {
    let width = widths[0] ?? 1;
    conv(model, 'conv_in', width, config.size('in_channels') * pixels);
    for (let level = 0; level < blocks; level++) {
      const from = width;
      width = widths[level + 1] ?? widths[level] ?? 1;
      model.scope(`down_blocks.${level}`, () => {
        for (let layer = 0; layer < (layers[level] ?? 0); layer++)
          residual(model, `resnets.${layer}`, from, from, plain);
        if (scaling[level] === true) {
          const factor = { spatial: 4, temporal: 2, spatiotemporal: EIGHT }[samplers[level] ?? ''];
          // A convolution with strides, or one whose result is shuffled into channels.
          if (factor === undefined) model.conv('downsamplers.0.conv', [from, from, 3, 3, 3], 'other');
          else conv(model, 'downsamplers.0.conv', Math.floor(width / factor), from);
        }
        if (!later && from !== width) residual(model, 'conv_out', from, width, plain);
      });
    }
    model.scope('mid_block', () => {
      for (let layer = 0; layer < (layers.at(-1) ?? 0); layer++)
        residual(model, `resnets.${layer}`, width, width, plain);
    });
    conv(model, 'conv_out', latent + 1, width);
  });
}

function decoder(config: ConfigReader, model: ModelBuilder, latent: number, pixels: number): GridScale {
  const widths = levelWidths(config, 'decoder_block_out_channels').toReversed();
  const blocks = widths.length;
  const list = <T>(values: readonly T[]): readonly T[] => values.toReversed();
  const scaling = list(flags(config, 'decoder_spatio_temporal_scaling', blocks));
  const layers = list(counts(config, 'decoder_layers_per_block', blocks + 1));
  const noise = list(flags(config, 'decoder_inject_noise', blocks + 1));
  const factors = list(counts(config, 'upsample_factor', blocks));
  const timestep = config.flag('timestep_conditioning');
  let grid: GridScale = { time: 1, space: 1 };
  model.scope('decoder', () => {
    let width = widths[0] ?? 1;
    model.grid(grid, () => {
      conv(model, 'conv_in', width, latent);
      model.scope('mid_block', () => {
        if (timestep) timeEmbedder(model, 4 * width);
        for (let layer = 0; layer < (layers[0] ?? 0); layer++)
          residual(model, `resnets.${layer}`, width, width, { noise: noise[0] === true, timestep });
      });
    });
    for (let level = 0; level < blocks; level++) {
      const factor = Math.max(1, factors[level] ?? 1);
      const from = Math.floor(width / factor);
      const to = Math.floor((widths[level] ?? 1) / factor);
      const options = { noise: noise[level + 1] === true, timestep };
      model.scope(`up_blocks.${level}`, () => {
        model.grid(grid, () => {
          if (timestep) timeEmbedder(model, 4 * from);
          if (from !== to) residual(model, 'conv_in', from, to, options);
          if (scaling[level] === true) conv(model, 'upsamplers.0.conv', EIGHT * to, to * factor);
        });
        if (scaling[level] === true) grid = { time: 2 * grid.time, space: 2 * grid.space };
        model.grid(grid, () => {
          for (let layer = 0; layer < (layers[level + 1] ?? 0); layer++)
            residual(model, `resnets.${layer}`, to, to, options);
        });
      });
      width = to;
    }
    model.grid(grid, () => conv(model, 'conv_out', config.size('out_channels') * pixels, width));
    if (timestep) {
      model.parameter('timestep_scale_multiplier', []);
      timeEmbedder(model, 2 * width);
      model.parameter('scale_shift_table', [2, width]);
    }
  });
  return grid;
}

function autoencoder(config: ConfigReader, model: ModelBuilder): void {
  const latent = config.size('latent_channels');
  const patch = config.size('patch_size', { max: 64 });
  model.parameter('latents_mean', [latent]);
  model.parameter('latents_std', [latent]);
  encoder(config, model, latent, patch * patch);
  const grid = decoder(config, model, latent, patch * patch);
  model.facts = {
    ...model.facts,
    hidden: latent,
    diffusion: {
      part: 'autoencoder',
      latent: { space: grid.space * patch, time: grid.time },
      tile: { width: TILE, height: TILE },
      framesAtOnce: null,
      framesKept: 0,
      // What the block adds to, its input padded in time, and fp32 copies of its norm.
      copies: 6,
      upcast: false,
    },
  };
}

/** The autoencoder of LTX-Video. Source: diffusers models/autoencoders/autoencoder_kl_ltx. */
export const autoencoderLtx: Family = {
  architectures: [diffusersClass('AutoencoderKLLTXVideo', 'vae', autoencoder)],
};
