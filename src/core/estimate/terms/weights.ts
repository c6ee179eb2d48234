import type { Blueprint, Quantization, TensorSpec } from '../../model/blueprint';
import { dtypeBytes, type Dtype } from '../../units/dtype';
import { elementsOf, linearDims, moduleOf } from './tensorDims';

/** A tensor as the engine holds it in memory. Tied tensors are held once, by their owner. */
export interface HeldTensor {
  readonly tensor: TensorSpec;
  readonly bytes: number;
  readonly quantised: boolean;
}

/**
 * Bytes of every tensor of a model as held, exact from the shapes. What a method does to a tensor follows the method's own
 * code; `dtype` is that of everything it leaves alone.
 */
export function heldTensors(
  blueprint: Blueprint,
  quantization: Quantization | null,
  dtype: Dtype,
): readonly HeldTensor[] {
  return blueprint.tensors
    .filter((tensor) => tensor.tiedTo === null)
    .map((tensor) => {
      const quantised = quantization === null ? null : quantisedBytes(tensor, blueprint, quantization);
      return {
        tensor,
        bytes: quantised ?? elementsOf(tensor) * dtypeBytes(tensor.dtype ?? dtype),
        quantised: quantised !== null,
      };
    });
}

export function totalBytes(held: readonly HeldTensor[]): number {
  return held.reduce((bytes, tensor) => bytes + tensor.bytes, 0);
}

/** null: the method leaves this tensor alone. */
function quantisedBytes(tensor: TensorSpec, blueprint: Blueprint, quantization: Quantization): number | null {
  const elements = elementsOf(tensor);
  if (quantization.method === 'gguf') return ggufBytes(tensor, quantization.type ?? 'Q4_K_M');
  const dims = linearDims(tensor);
  const isHead = tensor.role === 'head' || blueprint.tensors.some((other) => other.tiedTo === tensor.name);
  if (dims === null || isHead || skipped(tensor, quantization.skip ?? [])) return null;
  switch (quantization.method) {
    case 'bnb-nf4':
    case 'bnb-fp4': {
      // bitsandbytes/functional.py: one fp32 absmax per 64 weights; double quantisation keeps it in 8 bits with an fp32 per 256.
      const blocks = Math.ceil(elements / 64);
      const absmax = quantization.doubleQuant === true ? blocks + Math.ceil(blocks / 256) * 4 : blocks * 4;
      return Math.ceil(elements / 2) + absmax;
    }
    case 'bnb-int8':
      return elements + dims.output * 4;
    case 'fp8':
      return elements + 4;
    default: {
      const bits = quantization.bits ?? 4;
      const group = quantization.groupSize ?? 128;
      const groups = group > 0 ? Math.ceil(dims.input / group) * dims.output : dims.output;
      return Math.ceil((elements * bits) / 8) + groups * 2 + Math.ceil((groups * bits) / 8);
    }
  }
}

function skipped(tensor: TensorSpec, patterns: readonly string[]): boolean {
  const module = moduleOf(tensor);
  return patterns.some((pattern) => module === pattern || module.includes(pattern));
}

/** Bits per weight of GGUF's block types (ggml/src/ggml-common.h). */
const ggufBits: Readonly<Record<string, number>> = {
  F32: 32,
  F16: 16,
  BF16: 16,
  Q8_0: 8.5,
  Q6_K: 6.5625,
  Q5_K_M: 5.67,
  Q5_K_S: 5.52,
  Q5_0: 5.5,
  Q4_K_M: 4.85,
  Q4_K_S: 4.58,
  Q4_0: 4.55,
  IQ4_XS: 4.3,
  Q3_K_M: 3.91,
  Q3_K_S: 3.5,
  Q2_K: 3.0,
};

function ggufBytes(tensor: TensorSpec, type: string): number {
  const elements = elementsOf(tensor);
  if (tensor.shape.length < 2 || tensor.role === 'router') return elements * 4;
  return Math.ceil((elements * (ggufBits[type.toUpperCase()] ?? 4.85)) / 8);
}
