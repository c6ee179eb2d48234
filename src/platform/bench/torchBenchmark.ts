import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import type { DeviceResult } from '../../core/bench/benchReport';
import { parseDeviceResult } from '../../protocol/bench';

export interface TorchOptions {
  /** The interpreter that the user named. */
  readonly python: string;
  /** `media/torchBenchmark.py` of this program. */
  readonly script: string;
  readonly quick: boolean;
  readonly environment: NodeJS.ProcessEnv;
  readonly deadlineSeconds: number;
  readonly signal: AbortSignal | undefined;
}

/** A result, or one sentence that says what went wrong. */
export type TorchOutcome =
  | { readonly result: DeviceResult; readonly problem: null }
  | { readonly result: null; readonly problem: string };

const outputLimit = 1_000_000;

/**
 * Measures a GPU with the user's own PyTorch, which reaches the matrix units. The interpreter runs a script of this program alone, isolated
 * (`-I`: no variables, no user site, not the current folder), without a shell. A Python without PyTorch is a result that
 * says so. Rejects only when `signal` aborts.
 */
export function runTorch(options: TorchOptions): Promise<TorchOutcome> {
  options.signal?.throwIfAborted();
  const args = ['-I', options.script, ...(options.quick ? ['--quick'] : [])];
  return new Promise((resolve, reject) => {
    const child = execFile(
      options.python,
      args,
      {
        cwd: tmpdir(),
        env: options.environment,
        killSignal: 'SIGKILL',
        maxBuffer: outputLimit,
        timeout: Math.round(options.deadlineSeconds * 1000),
        windowsHide: true,
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      },
      (error, stdout) => {
        if (options.signal?.aborted === true) {
          reject(options.signal.reason instanceof Error ? options.signal.reason : new Error('cancelled'));
          return;
        }
        const result = error === null ? parseDeviceResult(parseJson(stdout)) : null;
        if (result?.device === 'torch') resolve({ result, problem: null });
        else resolve({ result: null, problem: problemOf(error, options) });
      },
    );
    child.stdin?.end();
  });
}

/** What is reported for PyTorch when nothing could be measured. */
export function torchNotMeasured(reason: string): DeviceResult {
  return {
    device: 'torch',
    engine: 'torch',
    adapter: { name: null, software: false },
    tests: [],
    skipped: [
      { name: 'gemm', type: 'fp32', reason },
      { name: 'gemm', type: 'fp16', reason },
      { name: 'gemm', type: 'bf16', reason },
      { name: 'launch', type: 'fp32', reason },
      { name: 'bandwidth', type: 'fp32', reason },
    ],
  };
}

function problemOf(
  error: (Error & { code?: unknown; killed?: boolean; signal?: unknown }) | null,
  { python, deadlineSeconds }: TorchOptions,
): string {
  const what = 'the PyTorch benchmark';
  if (error === null) return `${what}: ${python} printed something that is no result`;
  if (error.code === 'ENOENT' || error.code === 'EACCES')
    return `${what}: ${python} is no program that can be run`;
  if (error.killed === true && error.code !== 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER')
    return `${what} gave no answer within ${deadlineSeconds.toFixed(0)} s`;
  const ending = typeof error.signal === 'string' ? error.signal : `code ${String(error.code)}`;
  return `${what} was ended by ${ending} in ${python}`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
