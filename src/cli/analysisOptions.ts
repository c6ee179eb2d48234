import { resolve } from 'node:path';
import type { AnalysisRequest } from '../core/finding/analysis';
import type { Machine } from '../core/hardware/device';
import { findTarget } from '../platform/findTarget';
import { detectHardware } from '../platform/hardware';
import { measuredMachine } from '../platform/bench/measuredMachine';
import { CliFailure } from './failure';

/** Options of the commands that analyse files. */
export interface AnalysisOptions {
  readonly target?: string;
  readonly context?: string;
}

/** Everything of a request but the text itself. */
export type RequestFrame = Omit<AnalysisRequest, 'text' | 'path' | 'workspaceRoot'>;

/** Settings that the editor has defaults for in its manifest; the command line takes the same. */
const defaultContextLength = 8192;
const defaultChatTokensPerSecond = 10;

/**
 * The machine with what was measured on it, and the target: checked once, before any file is read.
 *
 * @throws CliFailure for a target that is not known, with the nearest names.
 */
export async function requestFrame(options: AnalysisOptions): Promise<RequestFrame> {
  const machine = await measuredMachine((await detectHardware({})).machine);
  const target = options.target ?? 'auto';
  await checkTarget(target, machine);
  return {
    target,
    targetChosen: options.target !== undefined && target !== 'auto',
    targetOverrides: options.target !== undefined && target !== 'auto',
    machine,
    settings: {
      contextLength: positiveInteger(options.context, '--context') ?? defaultContextLength,
      chatTokensPerSecond: defaultChatTokensPerSecond,
      headroomBytes: null,
    },
    modelOverrides: {},
    environment: process.env,
  };
}

async function checkTarget(target: string, machine: Machine): Promise<void> {
  const found = await findTarget(target, { machine, choice: 'chosen', folder: resolve('.') });
  if (found.ok) return;
  const near = found.nearest.length === 0 ? '' : ` Nearest: ${found.nearest.join(', ')}.`;
  throw new CliFailure(found.message + near);
}

function positiveInteger(text: string | undefined, option: string): number | null {
  if (text === undefined) return null;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new CliFailure(`${option} is ${text}, expected a positive integer`);
  return value;
}
