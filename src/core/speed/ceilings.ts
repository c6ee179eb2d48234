import type { Ceiling, FlopType } from '../hardware/device';
import type { Pool } from '../hardware/target';
import type { Origin } from '../units/origin';
import { range, type Range } from '../units/range';
import { deviceClass } from './efficiency';

/** A limit as an interval: sharp where it was measured or published, wide where it had to be assumed. */
export interface Limit {
  readonly perSecond: Range;
  readonly origin: Origin;
}

function sharp(ceiling: Ceiling): Limit {
  return {
    perSecond: { low: ceiling.value, expected: ceiling.value, high: ceiling.value },
    origin: ceiling.origin,
  };
}

/**
 * Memory bandwidth of a pool. A host whose bandwidth nobody measured has one to twelve channels: two of DDR4 or DDR5 are what
 * most have (38 to 90 GB/s rated, of which 70 to 85 % are reached).
 */
export function bandwidthLimit(pool: Pool): Limit | null {
  const ceiling = pool.ceilings.bytesPerSecond;
  if (ceiling !== null && ceiling.value > 0) return sharp(ceiling);
  return pool.kind === 'host' ? assumedHostBandwidth : null;
}

const assumedHostBandwidth: Limit = { perSecond: range(15e9, 40e9, 90e9), origin: 'assumed' };

/** Memory bandwidth of the host beside a device; a catalogue target has none of its own, and one is assumed. */
export function hostBandwidth(host: Pool | null): Limit {
  return (host === null ? null : bandwidthLimit(host)) ?? assumedHostBandwidth;
}

/** The link between host and device: as detected, else PCIe 3.0 to 5.0 with 16 lanes, of which 80 % are reached. */
export function linkLimit(pool: Pool): Limit {
  const ceiling = pool.ceilings.linkBytesPerSecond;
  if (ceiling !== null && ceiling.value > 0) return sharp(ceiling);
  return { perSecond: range(10e9, 22e9, 50e9), origin: 'assumed' };
}

/** Order in which a type falls back to another that runs the same arithmetic, no faster. */
const fallbacks: Readonly<Record<FlopType, readonly FlopType[]>> = {
  fp4: ['fp4', 'fp8', 'fp16', 'bf16', 'fp32'],
  fp8: ['fp8', 'fp16', 'bf16', 'fp32'],
  int8: ['int8', 'fp16', 'bf16', 'fp32'],
  bf16: ['bf16', 'fp16', 'fp32'],
  fp16: ['fp16', 'bf16', 'fp32'],
  tf32: ['tf32', 'fp32'],
  fp32: ['fp32', 'tf32'],
};

/** Operations per second of a pool for a type, or for the type that would be used instead. */
export function computeLimit(pool: Pool, type: FlopType): Limit | null {
  for (const candidate of fallbacks[type]) {
    const ceiling = pool.ceilings.flops[candidate];
    if (ceiling !== undefined && ceiling.value > 0) return sharp(ceiling);
  }
  // 2 to 64 cores at 32 to 64 fp32 operations a cycle and 2.5 to 4 GHz.
  if (deviceClass(pool) === 'cpu') return { perSecond: range(0.15e12, 0.6e12, 2.5e12), origin: 'assumed' };
  return null;
}
