import type { JobDocument } from '../../job/jobDocument';
import { dtypeBytes } from '../../units/dtype';
import { range, zero, type Range } from '../../units/range';
import { isFsdp, isZero, type HeldPrecision } from './precision';
import type { HeldTensor } from './weights';

/** How one rank of a data-parallel group holds what all train together. */
export interface Sharding {
  readonly ranks: number;
  /** A rank holds one part in this many. */
  readonly weights: number;
  readonly gradients: number;
  readonly states: number;
  /** Buckets and gathered layers, beyond the shards. */
  readonly communication: Range;
  readonly weightsOnHost: boolean;
  readonly statesOnHost: boolean;
}

/** Elements of DeepSpeed's reduce and gather buckets (deepspeed/runtime/zero/config.py). */
const zeroBucket = 5e8;
/** Elements that stage 3 keeps gathered ahead (stage3_prefetch_bucket_size). */
const zeroPrefetch = 5e7;

/**
 * Data parallelism. DDP holds everything and copies gradients into buckets (torch/nn/parallel/distributed.py,
 * gradient_as_bucket_view false). ZeRO 1 cuts states and master copies, 2 gradients too, 3 weights too (Rajbhandari et al. 2020, section
 * 5), with buckets of 5e8 elements at most. FSDP cuts all three and gathers two layers and the parts outside the layers in the compute
 * dtype, with one layer's gradient before it is reduced (Zhao et al. 2023, section 3).
 */
export function shardingOf(
  job: JobDocument,
  held: readonly HeldTensor[],
  precision: HeldPrecision,
  gradientBytes: number,
): Sharding {
  const { strategy, offloadParameters, offloadOptimizer } = job.training.sharding;
  const data = Math.max(1, job.parallel.data);
  const base = {
    ranks: data,
    weights: 1,
    gradients: 1,
    states: 1,
    communication: zero,
    weightsOnHost: offloadParameters !== 'none',
    statesOnHost: offloadOptimizer !== 'none',
  };
  if (strategy === 'none' || strategy === 'ddp')
    return { ...base, communication: data > 1 ? range(0, gradientBytes, gradientBytes) : zero };
  const compute = dtypeBytes(precision.compute);
  const layer = largestLayer(held);
  if (isZero(strategy)) {
    // A bucket is never larger than what there is to put into it.
    const bucket = Math.min(zeroBucket * compute, gradientBytes);
    const live = strategy === 'zero3' ? layer + Math.min(zeroPrefetch * compute, layer) + outer(held) : 0;
    return {
      ...base,
      weights: strategy === 'zero3' ? data : 1,
      gradients: strategy === 'zero1' ? 1 : data,
      states: data,
      communication: range(live, bucket + live, 2 * bucket + live + Math.min(1e9 * compute, 2 * layer)),
    };
  }
  if (isFsdp(strategy)) {
    const nodes = job.resources.devicesPerNode ?? data;
    const parts = strategy === 'fsdp-hybrid' ? Math.min(data, nodes) : data;
    const share = compute / dtypeBytes(precision.weights);
    const quantised = held.some((tensor) => tensor.quantised);
    const gathered = (2 * layer + outer(held)) * (quantised ? 1 : share);
    const gradient = Math.min(gradientBytes, layer);
    return {
      ...base,
      weights: parts,
      gradients: parts,
      states: parts,
      communication: range(gathered * 0.6, gathered + gradient, gathered + 2 * gradient + layer),
    };
  }
  return base;
}

function largestLayer(held: readonly HeldTensor[]): number {
  const layers = new Map<string, number>();
  for (const { tensor, bytes } of held) {
    if (tensor.layer === null) continue;
    const key = `${tensor.component} ${tensor.layer}`;
    layers.set(key, (layers.get(key) ?? 0) + bytes);
  }
  return Math.max(0, ...layers.values());
}

function outer(held: readonly HeldTensor[]): number {
  return held.reduce((bytes, { tensor, bytes: size }) => bytes + (tensor.layer === null ? size : 0), 0);
}
