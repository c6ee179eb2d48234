import type { Machine } from '../../core/hardware/device';
import { withMeasuredCeilings } from '../../core/hardware/measuredCeilings';
import { defaultCeilingsFolder, loadCeilings } from './ceilingsStore';

/** The machine with the ceilings that benchmarks measured on it before, where there are any. Never rejects. */
export async function measuredMachine(
  machine: Machine,
  folder: string = defaultCeilingsFolder(),
): Promise<Machine> {
  return withMeasuredCeilings(machine, await loadCeilings(folder, machine));
}
