import { fork, type ChildProcess } from 'node:child_process';
import type { BenchAdapter, DeviceResult, TestName, TestResult } from '../../core/bench/benchReport';
import { partlyMeasured, type BenchJob } from '../../core/bench/suite';
import { parseWorkerMessage, type BenchStage, type HostMessage } from '../../protocol/bench';

export interface ProcessOptions {
  readonly workerPath: string;
  readonly environment: NodeJS.ProcessEnv;
  /** The process is killed when it has not ended by then. */
  readonly deadlineSeconds: number;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: (stage: BenchStage, test: TestName | null, fraction: number) => void;
}

/** What came of a process: its result, or one sentence and what it had told by then. */
export interface ProcessOutcome {
  readonly result: DeviceResult;
  readonly problem: string | null;
}

const doing: Readonly<Record<BenchStage, string>> = {
  spawn: 'while starting',
  load: 'while loading the engine',
  'warm-up': 'while warming up',
  measuring: 'while measuring',
  reporting: 'while reporting',
};

/** Output of the process beyond this is dropped: drivers and loaders print what they like. */
const outputLimit = 4000;

/**
 * Runs one job in a process of its own and resolves with its result, or with what ended it. It rejects only when `signal` aborts,
 * after the process was killed: native code that runs cannot be asked to stop.
 */
export function runInProcess(job: BenchJob, options: ProcessOptions): Promise<ProcessOutcome> {
  return new Promise((resolve, reject) => {
    options.signal?.throwIfAborted();
    const child = fork(options.workerPath, [], {
      // An extension host's own arguments and options (an inspector's port, say) are not for this process.
      execArgv: [],
      env: { ...options.environment, ELECTRON_RUN_AS_NODE: '1', NODE_OPTIONS: undefined },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const output = collectOutput(child);
    const what = `the ${job.device === 'cpu' ? 'CPU' : 'GPU'} benchmark's process`;
    let stage: BenchStage = 'spawn';
    let adapter: BenchAdapter | undefined;
    const tests: TestResult[] = [];
    let outcome: ProcessOutcome | null = null;
    const failed = (problem: string): ProcessOutcome => ({
      result: partlyMeasured(job.device, tests, problem, adapter),
      problem,
    });

    const finish = (settle: () => void): void => {
      clearTimeout(deadline);
      options.signal?.removeEventListener('abort', cancel);
      child.kill('SIGKILL');
      settle();
    };
    const end = (sentence: string): void => {
      const found = outcome ?? failed(sentence);
      finish(() => resolve(found));
    };
    const cancel = (): void => finish(() => reject(abortReason(options.signal)));
    const deadline = setTimeout(
      () => end(`${what} gave no answer within ${options.deadlineSeconds.toFixed(0)} s, ${doing[stage]}`),
      options.deadlineSeconds * 1000,
    );
    options.signal?.addEventListener('abort', cancel, { once: true });

    child.on('message', (raw) => {
      const message = parseWorkerMessage(raw);
      switch (message?.type) {
        case 'progress':
          stage = message.stage;
          options.onProgress(message.stage, message.test, message.fraction);
          break;
        case 'adapter':
          adapter = message.adapter;
          break;
        case 'test':
          tests.push(message.test);
          break;
        case 'result':
          outcome = { result: message.result, problem: null };
          break;
        case 'failed':
          outcome = failed(`${what} failed ${doing[stage]}: ${firstLine(message.reason)}`);
          break;
        case undefined:
          end(`${what} sent something that is no result, ${doing[stage]}`);
      }
    });
    child.on('error', (error) => end(`${what} could not be started: ${firstLine(error.message)}`));
    child.on('exit', (code, signal) => {
      const cause = signal ?? `code ${code !== null && code > 255 ? `0x${code.toString(16)}` : String(code)}`;
      end(`${what} was ended by ${cause} ${doing[stage]}${lastWords(output())}`);
    });
    const message: HostMessage = { type: 'job', job };
    // A process that died before it could read is reported by its exit.
    child.send(message, () => undefined);
  });
}

function collectOutput(child: ChildProcess): () => string {
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text = (text + chunk).slice(-outputLimit);
    });
  return () => text;
}

/** What a C++ runtime says before it aborts is worth passing on; warnings of drivers are not. */
function lastWords(output: string): string {
  const [line] = /^.*(?:what\(\):|[Ff]atal|assert).*$/mu.exec(output) ?? [];
  return line === undefined ? '' : `: ${line.trim().slice(0, 200)}`;
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0]?.trim() ?? '';
}

function abortReason(signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason;
  return reason instanceof Error ? reason : new DOMException('The benchmark was cancelled', 'AbortError');
}
