import type { Blueprint } from '../../model/blueprint';
import { dtypeBytes } from '../../units/dtype';
import type { HeldPrecision } from './precision';
import { elementsOf, linearDims } from './tensorDims';
import type { HeldTensor } from './weights';

/** 16-bit copies of fp32 weights at the instants of a step, bytes. */
export interface AutocastCopies {
  /** Until the forward pass ends. */
  readonly forward: number;
  /** What the graph still holds of them when the backward pass begins and layers are computed again. */
  readonly outer: number;
  readonly layer: number;
}

/**
 * Autocast casts an fp32 weight once per forward pass and keeps the copy until its end, if the weight is a leaf that requires a gradient
 * (aten/src/ATen/autocast_mode.cpp, cached_cast); a frozen one is cast each time. Either way the graph holds the copy that the
 * gradient of the input needs, except in layers that are computed again.
 */
export function autocastCopies(
  blueprint: Blueprint,
  held: readonly HeldTensor[],
  precision: HeldPrecision,
  trained: boolean,
  checkpointed: boolean,
): AutocastCopies {
  if (!precision.autocast) return { forward: 0, outer: 0, layer: 0 };
  const compute = dtypeBytes(precision.compute);
  const layers = new Map<string, number>();
  // A tied head is cast as a matrix of its own.
  let outer = blueprint.tensors
    .filter((tensor) => tensor.role === 'head' && tensor.tiedTo !== null)
    .reduce((bytes, tensor) => bytes + elementsOf(tensor) * compute, 0);
  for (const { tensor, quantised } of held) {
    const matrix = linearDims(tensor) !== null || tensor.module === 'experts';
    if (quantised || !matrix) continue;
    const bytes = elementsOf(tensor) * compute;
    if (tensor.layer === null) outer += bytes;
    else {
      const key = `${tensor.component} ${tensor.layer}`;
      layers.set(key, (layers.get(key) ?? 0) + bytes);
    }
  }
  const layer = Math.max(0, ...layers.values());
  const all = [...layers.values()].reduce((total, bytes) => total + bytes, 0);
  return { forward: outer + (trained || !checkpointed ? all : layer), outer, layer };
}
