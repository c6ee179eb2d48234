import { devicePools, type Pool } from '../../hardware/target';
import type { ImageSettings } from '../../job/jobDocument';
import { MiB } from '../../units/bytes';
import { dtypeBytes } from '../../units/dtype';
import type { Origin } from '../../units/origin';
import { exactly, range, type Range } from '../../units/range';
import { deviceMemory, draft, hostMemory, type Instant, type TermDraft } from '../deviceMemory';
import { decodingBytes } from '../terms/decodedPicture';
import { denoiserStepBytes } from '../terms/denoiserStep';
import { torchFragmentation } from '../terms/fragmentation';
import { autoencoderOf, denoiserOf, pictureSize, type PictureSize } from '../terms/pictureSize';
import { prefillBytes } from '../terms/prefill';
import { runtimeTerm } from '../terms/runtime';
import { moduleOf } from '../terms/tensorDims';
import { heldTensors, heldWeights, totalBytes, type HeldTensor } from '../terms/weights';
import { cublasWorkspace } from '../terms/workspace';
import { unanswered, type EngineModel, type EngineRules } from './engineInput';

type Offload = ImageSettings['offload'];

/** One part of a pipeline as it is held. */
interface Part {
  readonly model: EngineModel;
  /** `main` for the denoiser, else the part's own name. */
  readonly component: string;
  readonly held: readonly HeldTensor[];
  readonly bytes: number;
  readonly origin: Origin;
  /** Stays on the device under every kind of offload. */
  readonly stays: boolean;
}

/**
 * Parts that a pipeline never offloads (`_exclude_from_cpu_offload`), and those outside `model_cpu_offload_seq`, which are moved to the
 * device when they are first called and then stay for the rest of the run.
 */
const neverOffloaded = /^(safety_checker|watermarker)$/u;
const outsideSequence = /^controlnet/u;

/**
 * diffusers pipelines. Source: diffusers 0.42 pipelines/pipeline_utils.py.
 *
 * Without offload all parts lie on the device. `enable_model_cpu_offload` hooks the parts in the order of `model_cpu_offload_seq`
 * (accelerate, cpu_offload_with_hook): a part is moved to the device when it is called and the one before leaves, so that the largest
 * part decides. `enable_sequential_cpu_offload` (accelerate, cpu_offload) moves the parameters of one module at a time, so that the
 * largest single module decides. `enable_group_offload` by blocks holds one block, with a stream the next one too, and what is outside
 * the blocks of the part that runs. Each stage has activations of its own: the prompt, the steps, the picture.
 */
export const diffusers: EngineRules = ({ job, main, others, target }) => {
  const pool = devicePools(target)[0];
  if (pool === undefined) return unanswered('the target has no device');
  const { image } = job.inference;
  const parts = [main, ...others].map((model) => partOf(model, model === main));
  const denoiser = denoiserOf(main.blueprint);
  const decoding = parts.find((part) => autoencoderOf(part.model.blueprint) !== null) ?? null;
  const autoencoder = decoding === null ? null : autoencoderOf(decoding.model.blueprint);
  const size = pictureSize(image, denoiser, autoencoder);
  // A CPU has nowhere to move a part to, and the library refuses (enable_model_cpu_offload).
  const offload: Offload = pool.kind === 'host' ? 'none' : (image?.offload ?? 'none');

  const workspace = draft('workspace', workspaceBytes(pool), 'assumed');
  const at = (phase: Instant['phase'], running: readonly Part[], terms: readonly TermDraft[]): Instant => ({
    phase,
    terms: [...resident(parts, running, offload), workspace, ...terms],
  });
  const instants: Instant[] = [at('load', [], [])];
  for (const part of parts) {
    if (part.model.blueprint.diffusion !== undefined) continue;
    instants.push(
      at('prefill', [part], [draft('activations', promptBytes(part, denoiser?.textTokens ?? 77))]),
    );
  }
  // Tiny beside the rest: the latents and the prompt's embeddings, kept in fp32 by some schedulers.
  const latents = 4 * 64 * size.batch * size.latent.width * size.latent.height * size.latent.frames;
  const steps = parts.filter((part) => denoiserOf(part.model.blueprint) !== null);
  for (const part of steps) {
    const spec = denoiserOf(part.model.blueprint);
    if (spec === null) continue;
    const beside = steps.filter((other) => outsideSequence.test(other.component));
    const bytes = denoiserStepBytes(part.model.blueprint, spec, size, dtypeBytes(part.model.dtype));
    instants.push(
      at(
        'decode',
        [part, ...beside.filter((other) => other !== part)],
        [draft('activations', bytes), draft('output', range(0, latents, 2 * latents), 'assumed')],
      ),
    );
  }
  const upcast =
    denoiser?.upcastsDecoder === true && autoencoder?.upcast === true && decoding?.model.dtype === 'f16';
  if (decoding !== null && autoencoder !== null) {
    const compute = upcast ? 4 : dtypeBytes(decoding.model.dtype);
    const bytes = decodingBytes(
      decoding.model.blueprint,
      autoencoder,
      size,
      image?.vaeTiling ?? false,
      compute,
    );
    instants.push(
      at(
        'decode',
        [decoding],
        [
          draft('activations', bytes, 'formula', decoding.component),
          ...(upcast ? [draft('weights', decoding.bytes, 'formula', decoding.component)] : []),
          draft('output', range(0, latents, 2 * latents), 'assumed'),
        ],
      ),
    );
  }
  const unsure = steps.length === 0 && autoencoder === null;
  if (unsure)
    instants.push(
      at(
        'decode',
        [parts[0]].flatMap((part) => part ?? []),
        [unknownActivations(parts)],
      ),
    );

  const weightBytes = parts.reduce((bytes, part) => bytes + part.bytes, 0);
  const transient = Math.max(...instants.map((instant) => transientBytes(instant)));
  return {
    perDevice: [
      deviceMemory({
        device: pool.name,
        ranks: 1,
        instants,
        fragmentation: () => torchFragmentation(transient, true),
        runtime: runtimeTerm(pool, 'torch'),
      }),
    ],
    host: hostMemory(hostTerms(pool, offload, weightBytes)),
    diskBytes: null,
    placement: null,
    kvPoolTokens: null,
    kvRequiredBytes: null,
    poolMargin: null,
    adapterParameters: 0,
    trainableParameters: 0,
    weightBytes,
    loadedAs: main.dtype,
    notes: notesOf(parts, size, unsure),
    refusal:
      pool.kind === 'host' && image !== null && image.offload !== 'none'
        ? 'offloading wants an accelerator, and there is none'
        : null,
    unknown: null,
  };
};

function partOf(model: EngineModel, isMain: boolean): Part {
  const { origin } = heldWeights(model.blueprint, model.quantization, model.dtype);
  const held = heldTensors(model.blueprint, model.quantization, model.dtype);
  return {
    model,
    component: isMain ? 'main' : model.name,
    held,
    bytes: totalBytes(held),
    origin,
    stays: neverOffloaded.test(model.name),
  };
}

/** Weights on the device while some parts run. */
function resident(parts: readonly Part[], running: readonly Part[], offload: Offload): TermDraft[] {
  return parts.flatMap((part) => {
    const bytes = residentBytes(part, running.includes(part), offload);
    return bytes === null ? [] : [draft('weights', bytes, part.origin, part.component)];
  });
}

function residentBytes(part: Part, runs: boolean, offload: Offload): Range | number | null {
  if (offload === 'none' || part.stays) return part.bytes;
  if (!runs) return null;
  switch (offload) {
    case 'model':
      return part.bytes;
    case 'sequential':
      // The next module's parameters are moved before the last one's are given back by the allocator.
      return range(largestModule(part), largestModule(part), 2 * largestModule(part));
    case 'group': {
      const { outside, block } = blocksOf(part);
      return range(outside + block, outside + 2 * block, outside + 2 * block);
    }
  }
}

/** Bytes of the parameters of the largest single module. */
function largestModule(part: Part): number {
  const modules = new Map<string, number>();
  for (const { tensor, bytes } of part.held) {
    const module = moduleOf(tensor);
    modules.set(module, (modules.get(module) ?? 0) + bytes);
  }
  return Math.max(0, ...modules.values());
}

/** Bytes outside the numbered blocks of a part, and of its largest block. */
function blocksOf(part: Part): { readonly outside: number; readonly block: number } {
  const blocks = new Map<string, number>();
  let outside = 0;
  for (const { tensor, bytes } of part.held) {
    const block = /^.*?\.\d+\./u.exec(tensor.name)?.[0];
    if (block === undefined) outside += bytes;
    else blocks.set(block, (blocks.get(block) ?? 0) + bytes);
  }
  return { outside, block: Math.max(0, ...blocks.values()) };
}

function promptBytes(part: Part, tokens: number): number {
  const { blueprint, dtype } = part.model;
  return prefillBytes(blueprint, tokens, dtypeBytes(dtype), null);
}

/** cuBLAS, and what cuDNN takes for a convolution: from nothing to several times its input. */
function workspaceBytes(pool: Pool): Range {
  const blas = cublasWorkspace(pool, 1);
  return range(blas.low, blas.expected + 64 * MiB, blas.high + 512 * MiB);
}

function unknownActivations(parts: readonly Part[]): TermDraft {
  const largest = Math.max(0, ...parts.map((part) => part.bytes));
  return draft('activations', range(0.02 * largest, 0.15 * largest, 0.6 * largest), 'assumed');
}

function transientBytes(instant: Instant): number {
  return instant.terms
    .filter((term) => term.name === 'activations')
    .reduce((bytes, term) => bytes + term.bytes.expected, 0);
}

/**
 * A pipeline is read into host memory and moved from there; what is offloaded stays in it. Unified memory holds what is on the device
 * once.
 */
function hostTerms(pool: Pool, offload: Offload, weightBytes: number): TermDraft[] {
  const runtime = draft('runtime', range(1024 * MiB, 2048 * MiB, 4096 * MiB), 'assumed');
  if (pool.kind === 'host') return [runtime];
  if (offload !== 'none') return [draft('weights', exactly(weightBytes)), runtime];
  return pool.kind === 'unified'
    ? [runtime]
    : [draft('weights', range(0, weightBytes, weightBytes)), runtime];
}

function notesOf(parts: readonly Part[], size: PictureSize, unsure: boolean): readonly string[] {
  const what = size.frames > 1 ? `${size.frames} frames of ` : '';
  const several = size.batch > 1 ? `, ${size.batch} at once` : '';
  return [
    [
      `for ${what}${size.width} x ${size.height} pixels${several}`,
      ...(parts.some(({ model }) => model.defaultDtype)
        ? ['diffusers loads its own classes in fp32 unless it is given a dtype']
        : []),
      ...(unsure ? ['what a step keeps in memory is not known for this class'] : []),
    ].join('; '),
  ];
}
