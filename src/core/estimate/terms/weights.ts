import type { Blueprint, Quantization } from '../../model/blueprint';
import { weightBytes, type TensorBytes, type WeightBytes } from '../../model/quantisation/weightBytes';
import type { Dtype } from '../../units/dtype';

/** A tensor as the engine holds it in memory. Tied tensors are held once, by their owner. */
export type HeldTensor = Pick<TensorBytes, 'tensor' | 'bytes' | 'quantised'>;

/** The last few answers of a Blueprint: a search over batch or context asks for the same weights a hundred times. */
const answers = new WeakMap<Blueprint, Map<string, WeightBytes>>();
const mostAnswers = 16;

/** Weights under a quantisation with their notes, exact from the shapes; `dtype` is that of everything that a method leaves alone. */
export function heldWeights(
  blueprint: Blueprint,
  quantization: Quantization | null,
  dtype: Dtype,
): WeightBytes {
  const key = `${dtype} ${JSON.stringify(quantization)}`;
  const known = answers.get(blueprint) ?? new Map<string, WeightBytes>();
  answers.set(blueprint, known);
  const held = known.get(key) ?? weightBytes(blueprint, quantization, { dtype });
  if (known.size >= mostAnswers) known.clear();
  known.set(key, held);
  return held;
}

/** The tensors that take memory. */
export function heldTensors(
  blueprint: Blueprint,
  quantization: Quantization | null,
  dtype: Dtype,
): readonly HeldTensor[] {
  return heldWeights(blueprint, quantization, dtype).tensors.filter(
    (tensor) => tensor.tensor.tiedTo === null,
  );
}

export function totalBytes(held: readonly HeldTensor[]): number {
  return held.reduce((bytes, tensor) => bytes + tensor.bytes, 0);
}
