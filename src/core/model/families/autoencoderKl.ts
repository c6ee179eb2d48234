import type { ConfigReader } from '../configReader';
import type { Family } from '../family';
import { diffusersClass, levelWidths } from '../parts/denoiserBlocks';
import type { ModelBuilder } from '../parts/modelBuilder';
import { residualBlock } from '../parts/residualBlock';

/** Positions along an edge after that many doublings. */
function doubled(times: number): { time: number; space: number } {
  return { time: 1, space: 2 ** times };
}

/** Two residual blocks with attention over all positions between them. */
function middle(config: ConfigReader, model: ModelBuilder, width: number): void {
  model.scope('mid_block', () => {
    if (config.flag('mid_block_add_attention'))
      model.scope('attentions.0', () => {
        model.layerNorm('group_norm', width);
        model.linear('to_q', width, width, 'q', true);
        model.linear('to_k', width, width, 'k', true);
        model.linear('to_v', width, width, 'v', true);
        model.linear('to_out.0', width, width, 'o', true);
      });
    for (const index of [0, 1]) residualBlock(model, `resnets.${index}`, width, width);
  });
}

/** From pixels to latents: blocks of residual layers, each but the last halving the resolution. */
function encoder(
  config: ConfigReader,
  model: ModelBuilder,
  widths: readonly number[],
  layers: number,
  latent: number,
): void {
  const last = widths.at(-1) ?? 1;
  let before = widths[0] ?? 1;
  model.scope('encoder', () => {
    model.conv('conv_in', [before, config.size('in_channels'), 3, 3], 'other');
    widths.forEach((width, block) =>
      model.scope(`down_blocks.${block}`, () => {
        for (let layer = 0; layer < layers; layer++)
          residualBlock(model, `resnets.${layer}`, layer === 0 ? before : width, width);
        if (block < widths.length - 1) model.conv('downsamplers.0.conv', [width, width, 3, 3], 'other');
        before = width;
      }),
    );
    middle(config, model, last);
    model.layerNorm('conv_norm_out', last);
    model.conv('conv_out', [2 * latent, last, 3, 3], 'other');
  });
}

/** From latents to pixels: blocks of residual layers, each but the last doubling the resolution. */
function decoder(
  config: ConfigReader,
  model: ModelBuilder,
  widths: readonly number[],
  layers: number,
  latent: number,
): void {
  const upward = widths.toReversed();
  const last = upward.length - 1;
  let before = upward[0] ?? 1;
  const end = upward[last] ?? 1;
  model.scope('decoder', () => {
    model.grid(doubled(0), () => {
      model.conv('conv_in', [before, latent, 3, 3], 'other');
      middle(config, model, before);
    });
    upward.forEach((width, block) =>
      model.scope(`up_blocks.${block}`, () => {
        model.grid(doubled(block), () => {
          for (let layer = 0; layer <= layers; layer++)
            residualBlock(model, `resnets.${layer}`, layer === 0 ? before : width, width);
        });
        if (block < last)
          model.grid(doubled(block + 1), () =>
            model.conv('upsamplers.0.conv', [width, width, 3, 3], 'other'),
          );
        before = width;
      }),
    );
    model.grid(doubled(last), () => {
      model.layerNorm('conv_norm_out', end);
      model.conv('conv_out', [config.size('out_channels'), end, 3, 3], 'other');
    });
  });
}

interface Tiles {
  /** Edge of a tile in pixels. */
  readonly tile: number;
}

function autoencoder(config: ConfigReader, model: ModelBuilder, { tile }: Tiles): void {
  const widths = levelWidths(config, 'block_out_channels');
  const layers = config.layers('layers_per_block');
  const latent = config.size('latent_channels');
  for (const [key, kind] of [
    ['down_block_types', 'DownEncoderBlock2D'],
    ['up_block_types', 'UpDecoderBlock2D'],
  ] as const)
    if (config.perLayerWords(key, widths.length)?.some((word) => word !== kind) === true)
      config.problem(key, `${kind} for every entry of block_out_channels`);
  model.facts = {
    ...model.facts,
    hidden: widths.at(-1) ?? 1,
    diffusion: {
      part: 'autoencoder',
      latent: { space: 2 ** Math.max(0, widths.length - 1), time: 1 },
      tile: { width: tile, height: tile },
      framesAtOnce: null,
      framesKept: 0,
      // What the block adds to, its norm and its activation.
      copies: 3,
      upcast: config.value('force_upcast') === true,
    },
  };
  encoder(config, model, widths, layers, latent);
  const own = (config.value('decoder_block_out_channels') ?? null) !== null;
  const decoderWidths = own ? levelWidths(config, 'decoder_block_out_channels') : widths;
  decoder(config, model, decoderWidths, layers, latent);
  if (config.flag('use_quant_conv')) model.conv('quant_conv', [2 * latent, 2 * latent, 1, 1], 'other');
  if (config.flag('use_post_quant_conv')) model.conv('post_quant_conv', [latent, latent, 1, 1], 'other');
}

/** Flux 2 normalises patches of latents by what it saw in training. */
function flux2(config: ConfigReader, model: ModelBuilder): void {
  const [height = 1, width = 1] = config.integers('patch_size', { min: 1, max: 64 }) ?? [];
  autoencoder(config, model, { tile: config.size('sample_size') });
  const patched = config.size('latent_channels') * height * width;
  model.parameter('bn.running_mean', [patched]);
  model.parameter('bn.running_var', [patched]);
  model.buffer('bn.num_batches_tracked', [], 'i64');
}

/** The autoencoder of Stable Diffusion, SDXL, SD 3, Flux 1 and 2. Source: diffusers models/autoencoders/autoencoder_kl, …_flux2. */
export const autoencoderKl: Family = {
  architectures: [
    diffusersClass('AutoencoderKL', 'vae', (config, model) =>
      autoencoder(config, model, { tile: config.size('sample_size') }),
    ),
    diffusersClass('AutoencoderKLFlux2', 'vae', flux2),
  ],
};
