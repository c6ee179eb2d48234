import { isAbsolute, join } from 'node:path';
import type { HardwareReport, Machine } from '../core/hardware/device';
import { targetFromReport } from '../core/hardware/localTarget';
import { isTargetPath, resolveTarget, type TargetResolution } from '../core/hardware/resolveTarget';
import type { TargetChoice } from '../core/hardware/target';
import { isRecord } from '../core/model/configReader';
import { FileTooLarge, readText } from './files/readText';
import { parsedConfig } from './resolve/readModel';
import { expandHome } from './resolve/huggingFaceCache';

export interface TargetSearch {
  readonly machine: Machine;
  readonly choice: TargetChoice;
  /** Folder that a relative path starts from. */
  readonly folder: string;
}

/** The target that a text means; a path is read as a document of `rooflens hardware --json`. */
export async function findTarget(text: string, search: TargetSearch): Promise<TargetResolution> {
  if (!isTargetPath(text)) return resolveTarget(text, { machine: search.machine, choice: search.choice });
  const written = expandHome(text.trim());
  const path = isAbsolute(written) ? written : join(search.folder, written);
  try {
    const report = parsedConfig(await readText(path));
    if (report !== null && isHardwareReport(report))
      return { ok: true, target: targetFromReport(report, search.choice) };
    return { ok: false, message: `${path} is no document of "rooflens hardware --json".`, nearest: [] };
  } catch (error) {
    const message = error instanceof FileTooLarge ? error.message : `The target file ${path} cannot be read`;
    return { ok: false, message: `${message}.`, nearest: [] };
  }
}

/** Enough of the shape to be sure that the document is ours; it was written by this program. */
function isHardwareReport(value: unknown): value is HardwareReport {
  if (!isRecord(value) || value['schema'] !== 1 || !isRecord(value['machine'])) return false;
  const { devices, memory, cpu } = value['machine'];
  return Array.isArray(devices) && devices.every(isRecord) && isRecord(memory) && isRecord(cpu);
}
