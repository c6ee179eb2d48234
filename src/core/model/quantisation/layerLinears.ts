import type { Quantization, TensorSpec } from '../blueprint';
import { type Matrices, matricesOf } from './method';
import { skipMatcher } from './modulePatterns';

/**
 * The tensors that post-training methods convert: linear layers and experts within the layers, but neither routers nor
 * the output layer, nor what the checkpoint's own list leaves out.
 */
export function layerLinears(quantization: Quantization): (tensor: TensorSpec) => Matrices | null {
  const skip = skipMatcher(quantization.skip ?? []);
  return (tensor) => {
    if (tensor.layer === null || tensor.role === 'router') return null;
    const matrices = matricesOf(tensor);
    return matrices === null || skip.matches(tensor) ? null : matrices;
  };
}

/** Groups along the inputs of a matrix: null or a width beyond the inputs means one per row. */
export function groupsOf(
  inputs: number,
  groupSize: number | null | undefined,
  byDefault: number | null,
): number {
  const size = groupSize === undefined ? byDefault : groupSize;
  return size === null || size <= 0 || size >= inputs ? 1 : Math.ceil(inputs / size);
}
