import { isAbsolute, join } from 'node:path';
import type { HardwareReport, Machine } from '../core/hardware/device';
import { readHardwareDocument } from '../core/hardware/hardwareDocument';
import { targetFromReport } from '../core/hardware/localTarget';
import { isTargetPath, resolveTarget, type TargetResolution } from '../core/hardware/resolveTarget';
import type { TargetChoice } from '../core/hardware/target';
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
  const report = await readHardwareReport(path);
  return typeof report === 'string'
    ? { ok: false, message: report, nearest: [] }
    : { ok: true, target: targetFromReport(report, search.choice) };
}

/** A document of `rooflens hardware --json`, or the sentence that says why the file is none. */
export async function readHardwareReport(path: string): Promise<HardwareReport | string> {
  try {
    const document = readHardwareDocument(parsedConfig(await readText(path)));
    return document.ok
      ? document.report
      : `${path} is no document of "rooflens hardware --json": ${document.message}.`;
  } catch (error) {
    return error instanceof FileTooLarge
      ? `${error.message}.`
      : `The hardware document ${path} cannot be read.`;
  }
}
