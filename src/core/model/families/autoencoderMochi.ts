import type { GridScale } from '../blueprint';
import type { ConfigReader } from '../configReader';
import type { Family } from '../family';
import { diffusersClass, levelWidths } from '../parts/denoiserBlocks';
import type { ModelBuilder } from '../parts/modelBuilder';

const TILE = 256;

/** Two convolutions over space and time, the norms in modules of their own. */
function residual(model: ModelBuilder, name: string, width: number): void {
  model.scope(name, () => {
    for (const index of [1, 2]) {
      model.layerNorm(`norm${index}.norm_layer`, width);
      model.conv(`conv${index}.conv`, [width, width, 3, 3, 3], 'other');
    }
  });
}

/** Residual blocks, each with attention along time where the encoder has it. */
function residuals(model: ModelBuilder, count: number, width: number, attends: boolean): void {
  for (let layer = 0; layer < count; layer++) {
    residual(model, `resnets.${layer}`, width);
    if (!attends) continue;
    model.layerNorm(`norms.${layer}.norm_layer`, width);
    model.scope(`attentions.${layer}`, () => {
      model.linear('to_q', width, width, 'q');
      model.linear('to_k', width, width, 'k');
      model.linear('to_v', width, width, 'v');
      model.linear('to_out.0', width, width, 'o', true);
    });
  }
}

function autoencoder(config: ConfigReader, model: ModelBuilder): void {
  const down = levelWidths(config, 'encoder_block_out_channels');
  const up = levelWidths(config, 'decoder_block_out_channels');
  const steps = down.length - 1;
  const layers = config.integers('layers_per_block', { max: 256 }) ?? [];
  const inTime = config.integers('temporal_expansions', { min: 1, max: 64 }) ?? [];
  const inSpace = config.integers('spatial_expansions', { min: 1, max: 64 }) ?? [];
  const flags = config.value('add_attention_block');
  const attends = Array.isArray(flags) ? flags.map((flag) => flag === true) : [];
  for (const [key, list, count] of [
    ['decoder_block_out_channels', up, steps + 1],
    ['layers_per_block', layers, steps + 2],
    ['temporal_expansions', inTime, steps],
    ['spatial_expansions', inSpace, steps],
    ['add_attention_block', attends, steps + 2],
  ] as const)
    if (list.length !== count) config.problem(key, `a list of ${count} entries`);
  const latent = config.size('latent_channels');
  const [first = 1] = down;

  model.scope('encoder', () => {
    model.linear('proj_in', config.size('in_channels'), first, 'embedding', true);
    model.scope('block_in', () => residuals(model, layers[0] ?? 0, first, attends[0] === true));
    for (let step = 0; step < steps; step++)
      model.scope(`down_blocks.${step}`, () => {
        const [from = 1, to = 1] = down.slice(step, step + 2);
        const space = inSpace[step] ?? 1;
        model.conv('conv_in.conv', [to, from, inTime[step] ?? 1, space, space], 'other');
        residuals(model, layers[step + 1] ?? 0, to, attends[step + 1] === true);
      });
    const last = down.at(-1) ?? 1;
    model.scope('block_out', () => residuals(model, layers.at(-1) ?? 0, last, attends.at(-1) === true));
    model.layerNorm('norm_out.norm_layer', last);
    model.linear('proj_out', last, 2 * latent, 'other');
  });

  let grid: GridScale = { time: 1, space: 1 };
  model.scope('decoder', () => {
    const turned = up.toReversed();
    const start = turned[0] ?? 1;
    model.grid(grid, () => {
      model.conv('conv_in', [start, latent, 1, 1, 1], 'other');
      model.scope('block_in', () => residuals(model, layers.at(-1) ?? 0, start, false));
    });
    for (let step = 0; step < steps; step++) {
      const [from = 1, to = 1] = turned.slice(step, step + 2);
      const time = inTime[steps - 1 - step] ?? 1;
      const space = inSpace[steps - 1 - step] ?? 1;
      model.grid(grid, () =>
        model.scope(`up_blocks.${step}`, () => {
          residuals(model, layers[steps - step] ?? 0, from, false);
          // Frames, rows and columns are unfolded from channels.
          model.linear('proj', from, to * time * space * space, 'other', true);
        }),
      );
      grid = { time: grid.time * time, space: grid.space * space };
    }
    const end = turned.at(-1) ?? 1;
    model.grid(grid, () => {
      model.scope('block_out', () => residuals(model, layers[0] ?? 0, end, false));
      model.linear('proj_out', end, config.size('out_channels'), 'other', true);
    });
  });
  model.facts = {
    ...model.facts,
    hidden: up.at(-1) ?? 1,
    diffusion: {
      part: 'autoencoder',
      latent: grid,
      tile: { width: TILE, height: TILE },
      framesAtOnce: null,
      framesKept: 0,
      dropsFrames: true,
      // What the block adds to, its norm with fp32 copies, and its input padded in time.
      copies: 6.7,
      upcast: false,
    },
  };
}

/** The autoencoder of Mochi. Source: diffusers models/autoencoders/autoencoder_kl_mochi. */
export const autoencoderMochi: Family = {
  architectures: [diffusersClass('AutoencoderKLMochi', 'vae', autoencoder)],
};
