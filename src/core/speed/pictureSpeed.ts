import type { MemoryEstimate } from '../estimate/memoryEstimate';
import {
  autoencoderOf,
  denoiserOf,
  pictureSize,
  tokensOf,
  type PictureSize,
} from '../estimate/terms/pictureSize';
import { elementsOf } from '../estimate/terms/tensorDims';
import { heldTensors, totalBytes } from '../estimate/terms/weights';
import { devicePools, type Target } from '../hardware/target';
import type { JobDocument } from '../job/jobDocument';
import type { ResolvedModel } from '../job/resolvedModel';
import type { Blueprint, DenoiserSpec, TensorSpec } from '../model/blueprint';
import type { Dtype } from '../units/dtype';
import { weakest } from '../units/origin';
import { divide, scale, sum } from '../units/range';
import { computeLimit, linkLimit } from './ceilings';
import { computeEfficiency, matrixType } from './efficiency';
import { rate } from './inferenceSpeed';
import { noSpeed } from './noSpeed';
import { activeShare } from './operations';
import type { Bound, SpeedEstimate } from './speedEstimate';

export interface PictureSpeedInput {
  readonly job: JobDocument;
  readonly models: readonly ResolvedModel[];
  readonly target: Target;
  readonly memory: MemoryEstimate;
}

/**
 * Pictures (or videos) per second: the operations of all steps and of decoding over the share of the matrix ceiling that PyTorch reaches, and
 * with offload the time that weights take over the link. The prompt's encoders run once and are left out.
 */
export function pictureSpeed({ job, models, target, memory }: PictureSpeedInput): SpeedEstimate {
  const pool = devicePools(target)[0];
  const blueprints = models.flatMap((model) => (model.outcome.ok ? [model.outcome.blueprint] : []));
  const denoising = blueprints.find((blueprint) => denoiserOf(blueprint) !== null);
  const denoiser = denoising === undefined ? null : denoiserOf(denoising);
  const decoding = blueprints.find((blueprint) => autoencoderOf(blueprint) !== null);
  const autoencoder = decoding === undefined ? null : autoencoderOf(decoding);
  if (pool === undefined || (denoiser === null && autoencoder === null)) return noSpeed;
  const dtype: Dtype = memory.loadedAs ?? 'f32';
  const type = matrixType('diffusers', pool, dtype, null);
  const compute = computeLimit(pool, type);
  if (compute === null) return noSpeed;
  const size = pictureSize(job.inference.image, denoiser, autoencoder);
  const tiled = job.inference.image?.vaeTiling ?? false;
  const passes = denoiser === null || denoiser.guidance === 'none' ? 1 : 2;
  const step = denoising === undefined || denoiser === null ? 0 : stepOperations(denoising, denoiser, size);
  const operations =
    size.batch *
    (size.steps * passes * step + (decoding === undefined ? 0 : decodeOperations(decoding, size, tiled)));
  let seconds = rate(operations, compute.perSecond, computeEfficiency('diffusers', pool, 'prefill', type));
  let bound: Bound = 'compute';
  let origin = compute.origin;
  const offload = job.inference.image?.offload ?? 'none';
  if (offload !== 'none' && pool.kind === 'device') {
    const link = linkLimit(pool);
    const held =
      denoising === undefined ? 0 : totalBytes(heldTensors(denoising, denoising.quantization, dtype));
    // A part is moved once a run; modules and blocks are moved in every step.
    const moved = offload === 'model' ? memory.weightBytes : memory.weightBytes + held * (size.steps - 1);
    const moving = rate(moved, link.perSecond, { low: 0.6, expected: 0.8, high: 1 });
    if (moving.expected > seconds.expected) bound = 'link';
    seconds = sum(seconds, moving);
    origin = weakest(origin, link.origin);
  }
  if (seconds.expected <= 0) return noSpeed;
  return {
    phases: [
      {
        name: 'image',
        perSecond: divide(size.batch, seconds),
        unit: size.frames > 1 ? 'videos' : 'images',
        boundBy: bound,
        origin,
      },
    ],
    perRequest: { timeToFirstTokenSeconds: scale(seconds, 1 / size.batch), decodeTokensPerSecond: null },
    durationSeconds: null,
  };
}

/** Matrices over the prompt: of its stream in blocks with two, and keys and values that look at it. */
const overText =
  /(^context_refiner|^text_transformer_blocks|ff_t\.|to_[qkvo]\w*_t\.|add_[qkv]_proj|to_add_out|ff_context|txt_mlp|context_embedder|^text_embedder|txt_in|text_proj|caption)/u;
/** What only layers have whose prompt runs through matrices of its own. */
const secondStream = /(add_q_proj|to_q_t|txt_mlp)\./u;
const lookingAtText = /attn2\.to_[kv]\./u;

/**
 * Operations of one pass of a denoiser over one picture; a multiply-add is two. Matrices over tokens, over the prompt or (modulation,
 * embedders) over a single row; convolutions over the positions of their grid; attention 4 per width and pair of positions.
 */
export function stepOperations(blueprint: Blueprint, denoiser: DenoiserSpec, size: PictureSize): number {
  const { latent } = size;
  const { image, text } = tokensOf(size, denoiser);
  const cells = latent.width * latent.height * latent.frames;
  const joint = blueprint.layers.every((layer) => layer.cross === null);
  const apart = new Set(
    blueprint.tensors.filter(({ name }) => secondStream.test(name)).map(({ layer }) => layer),
  );
  let operations = 0;
  for (const tensor of blueprint.tensors)
    operations +=
      2 *
      matrixElements(tensor) *
      rowsOver(tensor, { image, text, cells, together: joint && !apart.has(tensor.layer) });
  for (const layer of blueprint.layers) {
    const { grid, attention, cross } = layer;
    const tokens = grid === undefined ? image + (joint ? text : 0) : cells * grid.space ** 2 * grid.time;
    if (attention !== null) operations += 4 * attention.queryHeads * attention.keyDim * tokens * tokens;
    if (cross !== null) operations += 4 * cross.queryHeads * cross.keyDim * tokens * text;
  }
  return operations;
}

interface Rows {
  readonly image: number;
  readonly text: number;
  readonly cells: number;
  /** Image and prompt share the matrices of this layer. */
  readonly together: boolean;
}

function rowsOver(tensor: TensorSpec, { image, text, cells, together }: Rows): number {
  if (overText.test(tensor.name) || lookingAtText.test(tensor.name)) return text;
  if (tensor.name.endsWith('time_emb_proj.weight')) return 1;
  if (tensor.grid !== undefined) return cells * tensor.grid.space ** 2 * tensor.grid.time;
  if (tensor.layer === null) return tensor.role === 'embedding' ? image : 1;
  if (tensor.role === 'other' && tensor.module === 'linear') return 1;
  return together ? image + text : image;
}

function matrixElements(tensor: TensorSpec): number {
  return tensor.shape.length >= 2 && (tensor.module === 'linear' || tensor.module === 'conv')
    ? elementsOf(tensor) * activeShare(tensor)
    : 0;
}

/** What tiles that overlap by a quarter compute again, edges cut short (tile_sample_stride). */
const OVERLAP = 1.5;

/** Operations of decoding one picture: its convolutions, each over the positions of its grid. */
export function decodeOperations(blueprint: Blueprint, size: PictureSize, tiled: boolean): number {
  const cells = size.latent.width * size.latent.height * size.latent.frames;
  const again = tiled ? OVERLAP : 1;
  return blueprint.tensors.reduce(
    (operations, tensor) =>
      tensor.grid === undefined
        ? operations
        : operations +
          2 *
            again *
            matrixElements(tensor) *
            cells *
            tensor.grid.space ** 2 *
            // A single frame is never resampled in time.
            (size.frames === 1 ? 1 : tensor.grid.time),
    0,
  );
}
