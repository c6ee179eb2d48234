import { hardwareText } from '../hardwareText';
import { waitsForTrust } from '../trust';
import { information, warning } from './command';
import type { Command } from './command';

/** Detects the hardware anew and shows what was found, with every probe that was tried. */
export const detectHardware: Command = async (services) => {
  const waits = waitsForTrust('Detecting hardware');
  if (waits !== null) return warning(waits);
  const report = await services.machine.detect();
  await services.reports.show('hardware', hardwareText(report));
  const names = report.machine.devices.map(({ name }) => name);
  return information(
    names.length === 0
      ? `No GPU was found; estimates are for the CPU, ${report.machine.cpu.model}.`
      : `Found ${names.join(', ')}.`,
  );
};
