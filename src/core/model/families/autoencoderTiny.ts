import type { ConfigReader } from '../configReader';
import type { Family } from '../family';
import { diffusersClass, levelWidths } from '../parts/denoiserBlocks';
import type { ModelBuilder } from '../parts/modelBuilder';

/** Edge of a tile in pixels; fixed in the class. */
const TILE = 512;

/** Three convolutions with a skip around them. */
function block(model: ModelBuilder, index: number, from: number, to: number): void {
  model.scope(`layers.${index}`, () => {
    model.conv('conv.0', [to, from, 3, 3], 'other');
    model.conv('conv.2', [to, to, 3, 3], 'other');
    model.conv('conv.4', [to, to, 3, 3], 'other');
    if (from !== to) model.conv('skip', [to, from, 1, 1], 'other', false);
  });
}

function blocksOf(config: ConfigReader, side: 'encoder' | 'decoder'): readonly [number[], number[]] {
  const widths = levelWidths(config, `${side}_block_out_channels`);
  const counts = config.integers(`num_${side}_blocks`, { max: 64 }) ?? [];
  if (counts.length !== widths.length)
    config.problem(`num_${side}_blocks`, `a list of ${widths.length} integers`);
  return [[...widths], [...counts]];
}

function tiny(config: ConfigReader, model: ModelBuilder): void {
  const latent = config.size('latent_channels');
  const [down, downCounts] = blocksOf(config, 'encoder');
  const [up, upCounts] = blocksOf(config, 'decoder');
  const factor = config.size('upsampling_scaling_factor', { max: 16 });
  model.facts = {
    ...model.facts,
    hidden: up[0] ?? 1,
    diffusion: {
      part: 'autoencoder',
      latent: { space: factor ** Math.max(0, up.length - 1), time: 1 },
      tile: { width: TILE, height: TILE },
      framesAtOnce: null,
      framesKept: 0,
      copies: 3,
      upcast: false,
    },
  };
  model.scope('encoder', () => {
    let index = 0;
    const plain = (from: number, to: number, bias = true): void =>
      model.conv(`layers.${index++}`, [to, from, 3, 3], 'other', bias);
    down.forEach((width, level) => {
      if (level === 0) plain(config.size('in_channels'), width);
      else plain(width, width, false);
      for (let layer = 0; layer < (downCounts[level] ?? 0); layer++) block(model, index++, width, width);
    });
    plain(down.at(-1) ?? 1, latent);
  });
  model.scope('decoder', () => {
    // The activation after the first convolution and each upsampling have a place in the sequence and no tensors.
    let index = 0;
    let grid = { time: 1, space: 1 };
    model.grid(grid, () => model.conv(`layers.${index}`, [up[0] ?? 1, latent, 3, 3], 'other'));
    index += 2;
    up.forEach((width, level) => {
      const last = level === up.length - 1;
      model.grid(grid, () => {
        for (let layer = 0; layer < (upCounts[level] ?? 0); layer++) block(model, index++, width, width);
      });
      if (!last) {
        index++;
        grid = { ...grid, space: grid.space * factor };
      }
      const out = last ? config.size('out_channels') : width;
      model.grid(grid, () => model.conv(`layers.${index++}`, [out, width, 3, 3], 'other', last));
    });
  });
}

/** TAESD and its kin: small autoencoders for previews. Source: diffusers models/autoencoders/autoencoder_tiny. */
export const autoencoderTiny: Family = {
  architectures: [diffusersClass('AutoencoderTiny', 'vae', tiny)],
};
