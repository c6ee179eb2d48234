import { availableParallelism } from 'node:os';
import type { Machine } from '../../core/hardware/device';

/**
 * Cores that work on this machine may use: the physical ones, within the container's quota and this process's affinity. At least 1.
 * Matrix work gains nothing from a core's second hardware thread, so those are not counted where the machine is known.
 */
export function usableCores(machine: Machine | null): number {
  const granted = machine?.cpu.quotaCores ?? Infinity;
  const cores = Math.min(machine?.cpu.physicalCores ?? Infinity, granted, availableParallelism());
  return Math.max(1, Math.floor(cores));
}
