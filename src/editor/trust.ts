import { cpus, freemem, platform, release, totalmem } from 'node:os';
import * as vscode from 'vscode';
import { noCeilings } from '../core/hardware/device';
import type { Machine } from '../core/hardware/device';

/** Why something has to wait in Restricted Mode, or null where it need not. `what` begins the sentence: `A benchmark`. */
export function waitsForTrust(what: string): string | null {
  return vscode.workspace.isTrusted
    ? null
    : `${what} starts processes and waits until you trust this workspace.`;
}

/**
 * The machine as this process knows it without starting another or reading a file: the processor and its memory, and no
 * word about accelerators. All that there is in Restricted Mode.
 */
export function machineOfThisProcess(): Machine {
  const cores = cpus();
  return {
    os: { platform: platform(), release: release(), container: false, wsl: false, loginNode: false },
    cpu: {
      model: cores[0]?.model.trim() ?? 'unknown',
      physicalCores: cores.length,
      logicalCores: cores.length,
      isa: [],
      quotaCores: null,
      ceilings: noCeilings,
    },
    memory: {
      totalBytes: totalmem(),
      availableBytes: freemem(),
      limitBytes: null,
      ratedBytesPerSecond: null,
      origin: 'reported',
    },
    devices: [],
  };
}
