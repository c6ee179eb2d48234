import { MiB } from '../../units/bytes';
import { range, type Range } from '../../units/range';

/**
 * Reserved minus allocated at the peak of PyTorch's caching allocator. Large blocks are carved from segments rounded to 2 MiB,
 * blocks under 1 MiB share 2 MiB segments (c10/cuda/CUDACachingAllocator.h), so that nothing is lost on what is allocated once;
 * what comes and goes leaves holes. With equal shapes every step reuses the holes of the first; varying lengths do not:
 * there reserved memory was seen to run ahead of allocated memory by a third and more (peft's method comparison). When the device is
 * full the allocator gives cached blocks back before it fails, so that not all of it counts against the budget.
 */
export function torchFragmentation(transientBytes: number, variableLengths: boolean): Range {
  const base = 20 * MiB;
  return variableLengths
    ? range(base, base + 0.1 * transientBytes, base + 0.3 * transientBytes)
    : range(0, base + 0.03 * transientBytes, base + 0.15 * transientBytes);
}
