import type { AutoencoderSpec, Blueprint, TensorSpec } from '../../model/blueprint';
import { spread, sum, range, type Range } from '../../units/range';
import type { PictureSize } from './pictureSize';

const COLOURS = 3;
/** Tiles overlap by a quarter, so that each makes three quarters of a tile's edge new (tile_sample_stride). */
const NEW_SHARE = 0.75;

/**
 * Bytes alive at the widest moment of decoding: the decoder's widest feature maps (`copies`), what its convolutions over time keep for the
 * next frames, and the finished pictures. Tiled, a tile takes the place of the picture, and all tiles are kept until they are joined;
 * frames are decoded in pieces where the class does so. Source: diffusers models/autoencoders; held to what those classes keep on fake
 * tensors (tools/oracle/diffusion_memory.py). Workspaces of convolution libraries come on top.
 */
export function decodingBytes(
  blueprint: Blueprint,
  autoencoder: AutoencoderSpec,
  size: PictureSize,
  tiled: boolean,
  compute: number,
): Range {
  const { latent, copies, framesAtOnce, framesKept } = autoencoder;
  const tile = tiled ? autoencoder.tile : null;
  const width = Math.min(size.width, tile?.width ?? size.width);
  const height = Math.min(size.height, tile?.height ?? size.height);
  const positions = (width / latent.space) * (height / latent.space) * size.batch;
  const made = autoencoder.dropsFrames === true ? size.latent.frames * latent.time : size.frames;
  const frames = Math.min(made, framesAtOnce ?? made);
  let widest = 0;
  let kept = 0;
  for (const tensor of blueprint.tensors) {
    const { grid } = tensor;
    if (grid === undefined || tensor.module !== 'conv' || tensor.shape.length < 4) continue;
    const into = inputChannels(tensor);
    const area = into * grid.space * grid.space;
    // A single frame is never resampled in time.
    widest = Math.max(widest, size.frames === 1 ? area : (area * grid.time) / latent.time);
    if (tensor.shape.length === 5 && (tensor.shape[2] ?? 1) > 1) kept += area;
  }
  const working = copies * widest * frames * positions * compute;
  const keeping = Math.min(framesKept, size.frames) * kept * positions * compute;
  const picture = COLOURS * size.width * size.height * size.frames * size.batch * compute;
  const split = width < size.width || height < size.height;
  const tiles = split
    ? Math.ceil(size.width / (width * NEW_SHARE)) * Math.ceil(size.height / (height * NEW_SHARE))
    : 1;
  const tilePixels = COLOURS * width * height * size.frames * size.batch * compute;
  const output = split ? tiles * tilePixels : picture;
  return sum(
    spread(working, 0.1, 0.15),
    spread(keeping, 0.2, 0.1),
    range(output, output, output + 2 * picture),
  );
}

/** Channels that a convolution reads; a depthwise one reads as many as it makes. */
function inputChannels({ shape }: TensorSpec): number {
  const [out = 0, into = 0] = shape;
  return into === 1 ? out : into;
}
