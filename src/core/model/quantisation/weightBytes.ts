import { type Dtype, dtypeBytes } from '../../units/dtype';
import type { Origin } from '../../units/origin';
import type { Blueprint, Quantization, TensorSpec } from '../blueprint';
import { elements } from '../parameters';
import { awq } from './awq';
import { bitsandbytes4, bitsandbytes8 } from './bitsandbytes';
import { compressedTensors } from './compressedTensors';
import { exllama } from './exllama';
import { fp8 } from './fp8';
import { gguf } from './gguf';
import { gptq } from './gptq';
import { hqq } from './hqq';
import { matricesOf, type Method, type StoredForm } from './method';
import { aqlm, bitnet, eetq, fbgemm, higgs, metal } from './libraryKernels';
import { mxfp4 } from './microscaling';
import { mlx } from './mlx';
import { modelopt } from './modelopt';
import { quanto } from './quanto';
import { torchao } from './torchao';

const methods: readonly Method[] = [
  bitsandbytes4,
  bitsandbytes8,
  gptq,
  awq,
  fp8,
  mxfp4,
  modelopt,
  torchao,
  quanto,
  eetq,
  fbgemm,
  bitnet,
  higgs,
  metal,
  aqlm,
  hqq,
  mlx,
  exllama,
  compressedTensors,
  gguf,
];

const byName = new Map(methods.flatMap((method) => method.names.map((name) => [name, method] as const)));

/** Names of the methods whose bytes are known. */
export const quantizationMethods: readonly string[] = [...byName.keys()];

export interface TensorBytes {
  readonly tensor: TensorSpec;
  /** 0 for a tensor that shares another one's memory. */
  readonly bytes: number;
  /** `NF4`, `Q6_K`, or the dtype. */
  readonly format: string;
  readonly quantised: boolean;
}

/** Weights that a method was meant for and leaves in the model's dtype, because it does not find them. */
export interface UnreachedWeights {
  readonly kind: 'experts' | 'linear';
  readonly tensors: number;
  /** Name of the first one. */
  readonly example: string;
  readonly bytes: number;
  /** What they would take if the method reached them. */
  readonly wouldBe: number;
}

export interface WeightBytes {
  readonly total: number;
  /** Every tensor of the Blueprint, in its order. */
  readonly tensors: readonly TensorBytes[];
  readonly quantisedBytes: number;
  /** What the method does not reach; null = it reaches all that it is meant for. */
  readonly unreached: UnreachedWeights | null;
  /** `assumed` when the method is not known and the bytes follow from its bits alone, or say nothing. */
  readonly origin: Origin;
  /** Sentences about what had to be assumed, or what the method leaves out. */
  readonly notes: readonly string[];
}

export interface WeightOptions {
  /** dtype of what is not quantised; the Blueprint's when absent. */
  readonly dtype?: Dtype;
  /** Whether the engine's own loader quantises fused experts, where that differs from the method's library. */
  readonly reachesFusedExperts?: boolean;
}

/**
 * Bytes of the weights as they are held: each tensor under the method (scales, zeros and tables included), the others in
 * the model's dtype, tied tensors once, no file header. `quantization` null = none.
 */
export function weightBytes(
  blueprint: Blueprint,
  quantization: Quantization | null,
  options: WeightOptions = {},
): WeightBytes {
  const real = storedAsIs(blueprint, quantization, options);
  if (real !== null) return real;
  const dtype = options.dtype ?? blueprint.dtype;
  const method = quantization === null ? null : (byName.get(quantization.method) ?? null);
  const convert =
    quantization === null
      ? (): null => null
      : method === null
        ? byBits(quantization)
        : method.forModel({ blueprint, quantization, dtype });
  const missed = missedBy(method, quantization, options);

  const tensors: TensorBytes[] = [];
  const left: LeftTensor[] = [];
  let total = 0;
  let quantisedBytes = 0;
  for (const tensor of blueprint.tensors) {
    if (tensor.tiedTo !== null) {
      tensors.push({ tensor, bytes: 0, format: tensor.dtype ?? dtype, quantised: false });
      continue;
    }
    const isMissed = missed(tensor);
    const form = isMissed ? null : convert(tensor);
    const own = tensor.dtype ?? dtype;
    const bytes = form?.bytes ?? Math.ceil(elements(tensor.shape) * dtypeBytes(own));
    tensors.push({ tensor, bytes, format: form?.format ?? own, quantised: form !== null });
    total += bytes;
    if (form !== null) quantisedBytes += bytes;
    const reached = isMissed ? convert(asReached(tensor)) : null;
    if (reached !== null) left.push({ tensor, bytes, wouldBe: reached.bytes });
  }
  const unreached = unreachedWeights(left);
  const assumption =
    quantization === null ? null : (quantization.unread ?? method?.assumption?.(quantization) ?? null);
  const notes = notesOf(quantization, method, quantisedBytes, unreached);
  return {
    total,
    tensors,
    quantisedBytes,
    unreached,
    origin: quantization !== null && (method === null || assumption !== null) ? 'assumed' : blueprint.origin,
    notes: assumption === null ? notes : [assumption, ...notes],
  };
}

interface LeftTensor {
  readonly tensor: TensorSpec;
  readonly bytes: number;
  readonly wouldBe: number;
}

/** Tensors that a method does not find although nothing tells it to leave them. */
function missedBy(
  method: Method | null,
  quantization: Quantization | null,
  options: WeightOptions,
): (tensor: TensorSpec) => boolean {
  const experts = options.reachesFusedExperts ?? quantization?.experts ?? method?.reachesFusedExperts ?? true;
  const derived = quantization?.derived ?? method?.reachesDerived ?? true;
  return ({ module }) => (module === 'experts' && !experts) || (module === 'derived' && !derived);
}

/** A tensor that a method misses, as one that it finds. */
function asReached(tensor: TensorSpec): TensorSpec {
  return tensor.module === 'derived' ? { ...tensor, module: 'linear' } : tensor;
}

/** Routers are small: that one of them is missed is no news. */
function unreachedWeights(left: readonly LeftTensor[]): UnreachedWeights | null {
  const matrices = left.filter(({ tensor }) => tensor.role !== 'router');
  const [first] = matrices;
  if (first === undefined) return null;
  return {
    kind: first.tensor.module === 'experts' ? 'experts' : 'linear',
    tensors: matrices.length,
    example: first.tensor.name,
    bytes: matrices.reduce((sum, tensor) => sum + tensor.bytes, 0),
    wouldBe: matrices.reduce((sum, tensor) => sum + tensor.wouldBe, 0),
  };
}

/** The bytes that a real header gives, when the weights are held as the checkpoint stores them; null otherwise. */
function storedAsIs(
  blueprint: Blueprint,
  quantization: Quantization | null,
  options: WeightOptions,
): WeightBytes | null {
  const { weights } = blueprint;
  if (weights?.complete !== true) return null;
  // A file that names the type of each tensor is held as it is, whatever the dtype of the rest is to be.
  const typed = blueprint.tensors.every(({ storage }) => storage !== undefined);
  if (!typed && options.dtype !== undefined && options.dtype !== blueprint.dtype) return null;
  if (!sameStorage(quantization, blueprint.quantization)) return null;
  let total = 0;
  let quantisedBytes = 0;
  const tensors = blueprint.tensors.map((tensor): TensorBytes => {
    const plain = Math.ceil(elements(tensor.shape) * dtypeBytes(tensor.dtype ?? blueprint.dtype));
    const bytes = tensor.tiedTo === null ? (weights.bytes[tensor.name] ?? plain) : 0;
    const quantised = quantization !== null && tensor.tiedTo === null && bytes < plain;
    total += bytes;
    if (quantised) quantisedBytes += bytes;
    const format =
      tensor.storage?.type ?? (quantised ? quantization.method : (tensor.dtype ?? blueprint.dtype));
    return { tensor, bytes, format, quantised };
  });
  return { total, tensors, quantisedBytes, unreached: null, origin: 'exact', notes: [] };
}

/** Whether two quantisations store the same; which of them a loader reaches is not a matter of the files. */
function sameStorage(one: Quantization | null, other: Quantization | null): boolean {
  const stored = (quantization: Quantization | null): string =>
    JSON.stringify(quantization, (key, value: unknown) =>
      key === 'experts' || key === 'derived' ? undefined : value,
    );
  return stored(one) === stored(other);
}

/** A method of which only the bits are known: matrices of the layers at those bits plus a sixteenth for scales. */
function byBits(quantization: Quantization): (tensor: TensorSpec) => StoredForm | null {
  const { bits } = quantization;
  return (tensor) => {
    if (bits === undefined || tensor.layer === null || matricesOf(tensor) === null) return null;
    const share = (bits / 8) * (17 / 16);
    return { bytes: Math.ceil(elements(tensor.shape) * share), format: `${bits}-bit` };
  };
}

function notesOf(
  quantization: Quantization | null,
  method: Method | null,
  quantisedBytes: number,
  unreached: UnreachedWeights | null,
): readonly string[] {
  if (quantization === null) return [];
  const notes: string[] = [];
  if (method === null)
    notes.push(
      quantization.bits === undefined
        ? `quantisation ${quantization.method} is not known: weights counted as not quantised`
        : `quantisation ${quantization.method} is not known: weights counted at ${quantization.bits} bits plus a sixteenth`,
    );
  if (unreached !== null)
    notes.push(
      unreached.kind === 'experts'
        ? `${quantization.method} does not reach the fused experts`
        : `${quantization.method} does not reach the model's own linear class`,
    );
  else if (method !== null && quantisedBytes === 0)
    notes.push(`${quantization.method} reaches no tensor of this model`);
  return notes;
}
