import type { Blueprint, DenoiserSpec, LayerSpec } from '../../model/blueprint';
import { range, spread, type Range } from '../../units/range';
import { rowsOf, tokensOf, type PictureSize } from './pictureSize';

/** Residual stream, its modulated copy and what the block keeps of its inputs, beside the two wide tensors of an MLP. */
const STREAM_COPIES = 4.3;
/** Of a convolutional denoiser's attention: the stream of the transformer, of the block and of the skips of its level. */
const UNET_COPIES = 10;
/** A gated MLP holds both halves (8 widths), the activated half and the product (4 each). */
const GEGLU_COPIES = 16;
/** What a residual block adds to, its norm and its activation. */
const RESIDUAL_COPIES = 3;

/**
 * Bytes alive at the widest moment of one step of a denoiser, without a graph and with fused attention (no scores). From the order of
 * operations in diffusers' modelling files; held to what those classes keep on fake tensors (tools/oracle/diffusion_memory.py).
 *
 * A transformer's widest moment is its MLP (stream, input, result of the first matrix and of the activation) or its attention
 * (`attending`). A convolutional denoiser's is the attention or the residual block of one of its levels, while the results of the finer
 * levels wait for the way up. Figures are for 16 bits; fp32 needs no further copies for norms and rotations, so that its lower end is wide.
 */
export function denoiserStepBytes(
  blueprint: Blueprint,
  denoiser: DenoiserSpec,
  size: PictureSize,
  compute: number,
): Range {
  const rows = rowsOf(size, denoiser);
  const elements =
    denoiser.attending === null
      ? unetElements(blueprint, size)
      : transformerElements(blueprint, denoiser, size, denoiser.attending);
  const bytes = rows * elements * compute;
  return compute > 2 ? range(bytes * 0.6, bytes * 0.85, bytes * 1.15) : spread(bytes, 0.15, 0.2);
}

function transformerElements(
  blueprint: Blueprint,
  denoiser: DenoiserSpec,
  size: PictureSize,
  attending: number,
): number {
  const { image, text } = tokensOf(size, denoiser);
  const joint = blueprint.layers.every((layer) => layer.cross === null);
  const tokens = joint ? image + text : image;
  const widest = Math.max(0, ...blueprint.layers.map((layer) => mlpWidth(layer)));
  const { hidden } = blueprint;
  return tokens * Math.max(2 * widest + STREAM_COPIES * hidden, attending * hidden);
}

function mlpWidth({ mlp }: LayerSpec): number {
  if (mlp === null) return 0;
  const { moe } = mlp;
  // Experts are run one after the other, each over its own tokens.
  const width = mlp.intermediate + (moe === null ? 0 : moe.intermediate + moe.shared);
  return mlp.kind === 'gated' ? 2 * width : width;
}

/** Convolutions whose results are kept for the way up. */
const skipped = /^(conv_in|down_blocks\.\d+\.(resnets\.\d+\.conv2|downsamplers\.0\.conv2?))\.weight$/u;
/** Where a block on the way up takes in what the way down kept. */
const joining = /^up_blocks\.\d+\.resnets\.\d+\.conv1\.weight$/u;

function unetElements(blueprint: Blueprint, size: PictureSize): number {
  const positions = size.latent.width * size.latent.height * size.latent.frames;
  const skips = new Map<number, number>();
  const widest = new Map<number, number>();
  const joined = new Map<number, number>();
  const note = (grid: number, width: number): void => {
    widest.set(grid, Math.max(widest.get(grid) ?? 0, width));
  };
  for (const tensor of blueprint.tensors) {
    if (tensor.grid === undefined || tensor.module !== 'conv' || tensor.shape.length < 4) continue;
    const [out = 0, into = 0] = tensor.shape;
    const grid = tensor.grid.space;
    note(grid, RESIDUAL_COPIES * into);
    // The joined input beside what came up; the results of this level wait as well.
    if (joining.test(tensor.name))
      joined.set(grid, Math.max(joined.get(grid) ?? 0, RESIDUAL_COPIES * into + into - out));
    if (skipped.test(tensor.name)) skips.set(grid, (skips.get(grid) ?? 0) + out);
  }
  for (const layer of blueprint.layers)
    if (layer.grid !== undefined && layer.mlp !== null)
      note(layer.grid.space, (GEGLU_COPIES + UNET_COPIES) * layer.hidden);
  for (const [grid, width] of joined) note(grid, width + (skips.get(grid) ?? 0));
  let most = 0;
  for (const [grid, width] of widest) {
    let kept = 0;
    for (const [finer, out] of skips) if (finer > grid) kept += out * finer * finer;
    most = Math.max(most, kept + width * grid * grid);
  }
  return most * positions;
}
