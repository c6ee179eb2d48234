import type { Origin } from '../units/origin';
import type { Ceilings, DeviceKind, Vendor } from './device';

/** Memory of one kind that a job can use. `device` pools count devices; `unified` is one pool for host and device. */
export interface Pool {
  readonly kind: 'device' | 'host' | 'unified';
  readonly name: string;
  readonly count: number;
  /** Bytes per device. */
  readonly totalBytes: number;
  /** Bytes per device that a job can have on an otherwise empty device. */
  readonly usableBytes: number;
  readonly usableOrigin: Origin;
  /** Bytes per device that are free now; null where nothing was asked (catalogue). */
  readonly freeBytes: number | null;
  readonly ceilings: Ceilings;
  readonly vendor: Vendor | null;
  readonly deviceKind: DeviceKind | null;
  readonly computeCapability: string | null;
  readonly catalogueId: string | null;
}

/** Who decided on the target: diagnostics are shown only for `declared` and `chosen` ones. */
export type TargetChoice = 'declared' | 'chosen' | 'local' | 'fallback';

/** What an estimate is made for. */
export interface Target {
  readonly name: string;
  /** Short name for a lens, e.g. `RTX 4090`, `8 × H100 80GB`. */
  readonly label: string;
  readonly choice: TargetChoice;
  /** Catalogue names that matched as well. */
  readonly alternatives: readonly string[];
  readonly pools: readonly Pool[];
  /** Whether a CPU is all there is. */
  readonly cpuOnly: boolean;
}

/** The pools that hold a job's device memory; for a CPU-only target its host pool. */
export function devicePools(target: Target): readonly Pool[] {
  const devices = target.pools.filter((pool) => pool.kind !== 'host');
  return devices.length > 0 ? devices : target.pools;
}

/** Number of devices, the CPU counting as one. */
export function deviceCount(target: Target): number {
  return devicePools(target).reduce((count, pool) => count + pool.count, 0);
}

export function hostPool(target: Target): Pool | null {
  return target.pools.find((pool) => pool.kind !== 'device') ?? null;
}

/** Bytes per device that a job may use: the smallest device's usable memory. */
export function deviceBudget(target: Target): number {
  return Math.min(...devicePools(target).map((pool) => pool.usableBytes));
}
