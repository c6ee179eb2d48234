import type { ConfigReader } from '../configReader';
import type { Family } from '../family';
import { diffusersClass, levelWidths } from '../parts/denoiserBlocks';
import type { ModelBuilder } from '../parts/modelBuilder';

/** Width of a gated convolution block over its input; fixed in the class. */
const EXPANSION = 4;
/** Edge of a tile in pixels; fixed in the class. */
const TILE = 512;

interface Half {
  readonly widths: readonly number[];
  readonly layers: readonly number[];
  /** Whether the blocks of a level attend. */
  readonly attends: readonly boolean[];
  /** Kernel sizes over which queries, keys and values are gathered as well, per level. */
  readonly scales: readonly (readonly number[])[];
}

/** One of `encoder_…` and `decoder_…`. */
function halfOf(config: ConfigReader, side: 'encoder' | 'decoder'): Half {
  const widths = levelWidths(config, `${side}_block_out_channels`);
  const levels = widths.length;
  const layers = config.integers(`${side}_layers_per_block`, { max: 64 }) ?? [];
  if (layers.length !== levels) config.problem(`${side}_layers_per_block`, `a list of ${levels} integers`);
  const typesKey = `${side}_block_types`;
  const types =
    typeof config.value(typesKey) === 'string'
      ? Array.from({ length: levels }, () => config.text(typesKey) ?? '')
      : (config.perLayerWords(typesKey, levels) ?? []);
  if (types.some((type) => type !== 'ResBlock' && type !== 'EfficientViTBlock'))
    config.problem(typesKey, 'ResBlock or EfficientViTBlock');
  const scales: unknown = config.value(`${side}_qkv_multiscales`);
  const good = (list: unknown): list is number[] =>
    Array.isArray(list) && list.every((size) => Number.isInteger(size) && size > 0 && size < 64);
  const lists = Array.isArray(scales) && scales.length === levels && scales.every(good) ? scales : null;
  if (lists === null) config.problem(`${side}_qkv_multiscales`, `${levels} lists of kernel sizes`);
  return { widths, layers, attends: types.map((type) => type === 'EfficientViTBlock'), scales: lists ?? [] };
}

/** Two convolutions with a norm after them, or linear attention and a gated MLP of convolutions. */
function block(
  config: ConfigReader,
  model: ModelBuilder,
  width: number,
  scales: readonly number[] | null,
): void {
  if (scales === null) {
    model.conv('conv1', [width, width, 3, 3], 'other');
    model.conv('conv2', [width, width, 3, 3], 'other', false);
    model.layerNorm('norm', width);
    return;
  }
  const headDim = config.size('attention_head_dim', { max: 65_536 });
  const heads = Math.floor(width / headDim);
  const inner = heads * headDim;
  model.scope('attn', () => {
    model.linear('to_q', width, inner, 'q');
    model.linear('to_k', width, inner, 'k');
    model.linear('to_v', width, inner, 'v');
    scales.forEach((size, index) =>
      model.scope(`to_qkv_multiscale.${index}`, () => {
        model.conv('proj_in', [3 * inner, 1, size, size], 'other', false);
        model.conv('proj_out', [3 * inner, Math.floor(inner / heads), 1, 1], 'other', false);
      }),
    );
    model.linear('to_out', inner * (1 + scales.length), width, 'o');
    model.layerNorm('norm_out', width);
  });
  model.scope('conv_out', () => {
    const wide = EXPANSION * width;
    model.conv('conv_inverted', [2 * wide, width, 1, 1], 'gateUp');
    model.conv('conv_depth', [2 * wide, 1, 3, 3], 'other');
    model.conv('conv_point', [width, wide, 1, 1], 'down', false);
    model.layerNorm('norm', width);
  });
}

function autoencoder(config: ConfigReader, model: ModelBuilder): void {
  const latent = config.size('latent_channels');
  const [encoder, decoder] = [halfOf(config, 'encoder'), halfOf(config, 'decoder')];
  const unshuffles = config.text('downsample_block_type') === 'pixel_unshuffle';
  const shuffles = config.text('upsample_block_type') !== 'interpolate';
  const levels = decoder.widths.length;
  model.facts = {
    ...model.facts,
    hidden: decoder.widths.at(-1) ?? 1,
    diffusion: {
      part: 'autoencoder',
      latent: { space: 2 ** Math.max(0, levels - 1), time: 1 },
      tile: { width: TILE, height: TILE },
      framesAtOnce: null,
      framesKept: 0,
      // Norms make two fp32 copies of the last block; one that interpolates is twice as wide as that block.
      copies: shuffles ? 6.5 : 3.25,
      upcast: false,
    },
  };
  const down = (name: string, from: number, to: number): void =>
    model.conv(`${name}.conv`, [unshuffles ? Math.floor(to / 4) : to, from, 3, 3], 'other');
  const up = (name: string, from: number, to: number): void =>
    model.conv(`${name}.conv`, [shuffles ? 4 * to : to, from, 3, 3], 'other');

  model.scope('encoder', () => {
    const channels = config.size('in_channels');
    const { widths, layers, attends, scales } = encoder;
    if ((layers[0] ?? 0) > 0) model.conv('conv_in', [widths[0] ?? 1, channels, 3, 3], 'other');
    else down('conv_in', channels, widths[1] ?? 1);
    widths.forEach((width, level) =>
      model.scope(`down_blocks.${level}`, () => {
        const count = layers[level] ?? 0;
        for (let layer = 0; layer < count; layer++)
          model.scope(String(layer), () =>
            block(config, model, width, attends[level] === true ? (scales[level] ?? []) : null),
          );
        if (level < widths.length - 1 && count > 0) down(String(count), width, widths[level + 1] ?? 1);
      }),
    );
    model.conv('conv_out', [latent, widths.at(-1) ?? 1, 3, 3], 'other');
  });

  model.scope('decoder', () => {
    const { widths, layers, attends, scales } = decoder;
    const at = (level: number, body: () => void): void =>
      model.grid({ time: 1, space: 2 ** (levels - 1 - level) }, body);
    at(levels - 1, () => model.conv('conv_in', [widths.at(-1) ?? 1, latent, 3, 3], 'other'));
    widths.forEach((width, level) =>
      model.scope(`up_blocks.${level}`, () => {
        const count = layers[level] ?? 0;
        const rises = level < levels - 1 && count > 0;
        // Pixels are shuffled into place after the convolution, interpolated before it.
        if (rises) at(shuffles ? level + 1 : level, () => up('0', widths[level + 1] ?? 1, width));
        at(level, () => {
          for (let layer = 0; layer < count; layer++)
            model.scope(String(layer + (rises ? 1 : 0)), () =>
              block(config, model, width, attends[level] === true ? (scales[level] ?? []) : null),
            );
        });
      }),
    );
    const full = (layers[0] ?? 0) > 0;
    const end = (full ? widths[0] : widths[1]) ?? 1;
    const channels = config.size('in_channels');
    at(0, () => {
      model.layerNorm('norm_out', end);
      if (full) model.conv('conv_out', [channels, end, 3, 3], 'other');
      else up('conv_out', end, channels);
    });
  });
}

/** The deep compression autoencoder of Sana. Source: diffusers models/autoencoders/autoencoder_dc. */
export const autoencoderDc: Family = {
  architectures: [diffusersClass('AutoencoderDC', 'vae', autoencoder)],
};
