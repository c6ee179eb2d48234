import { diffusersLibrary } from '../classDefaults.generated';
import type { ConfigReader } from '../configReader';
import type { Family } from '../family';
import type { ModelBuilder } from '../parts/modelBuilder';
import { residualBlock } from '../parts/residualBlock';

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

/** One half: blocks of residual layers from width to width; `sampler` changes the resolution after all but the last. */
function blocks(
  model: ModelBuilder,
  name: string,
  sampler: string,
  widths: readonly number[],
  layers: number,
): void {
  let before = widths[0] ?? 1;
  widths.forEach((width, block) =>
    model.scope(`${name}.${block}`, () => {
      for (let layer = 0; layer < layers; layer++)
        residualBlock(model, `resnets.${layer}`, layer === 0 ? before : width, width);
      if (block < widths.length - 1) model.conv(`${sampler}.0.conv`, [width, width, 3, 3], 'other');
      before = width;
    }),
  );
}

function autoencoder(config: ConfigReader, model: ModelBuilder): void {
  const widths = config.integers('block_out_channels', { min: 1 }) ?? [];
  const layers = config.layers('layers_per_block');
  const latent = config.size('latent_channels');
  const last = widths.at(-1) ?? 1;
  const first = widths[0] ?? 1;
  for (const [key, kind] of [
    ['down_block_types', 'DownEncoderBlock2D'],
    ['up_block_types', 'UpDecoderBlock2D'],
  ] as const)
    if (config.perLayerWords(key, widths.length)?.some((word) => word !== kind) === true)
      config.problem(key, `${kind} for every entry of block_out_channels`);
  model.facts = { ...model.facts, hidden: last };
  model.scope('encoder', () => {
    model.conv('conv_in', [first, config.size('in_channels'), 3, 3], 'other');
    blocks(model, 'down_blocks', 'downsamplers', widths, layers);
    middle(config, model, last);
    model.layerNorm('conv_norm_out', last);
    model.conv('conv_out', [2 * latent, last, 3, 3], 'other');
  });
  model.scope('decoder', () => {
    model.conv('conv_in', [last, latent, 3, 3], 'other');
    middle(config, model, last);
    blocks(model, 'up_blocks', 'upsamplers', widths.toReversed(), layers + 1);
    model.layerNorm('conv_norm_out', first);
    model.conv('conv_out', [config.size('out_channels'), first, 3, 3], 'other');
  });
  if (config.flag('use_quant_conv')) model.conv('quant_conv', [2 * latent, 2 * latent, 1, 1], 'other');
  if (config.flag('use_post_quant_conv')) model.conv('post_quant_conv', [latent, latent, 1, 1], 'other');
}

/** The autoencoder of Stable Diffusion, SDXL, SD 3 and Flux. Source: diffusers models/autoencoders/autoencoder_kl. */
export const autoencoderKl: Family = {
  architectures: [
    {
      name: 'AutoencoderKL',
      modelType: 'AutoencoderKL',
      task: 'diffuse',
      library: diffusersLibrary,
      build: (config, model) => model.component('vae', () => autoencoder(config, model)),
    },
  ],
};
