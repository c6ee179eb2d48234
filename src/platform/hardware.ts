import { hostname, userInfo } from 'node:os';
import type { HardwareReport, Probe } from '../core/hardware/device';
import { assembleMachine, hiddenGpuNotes } from './hardware/assembleMachine';
import { machinePort } from './hardware/machinePort';
import { createMask } from './hardware/masking';
import type { Mask } from './hardware/masking';
import { ProbeRunner } from './hardware/probe';
import { takeReadings } from './hardware/readings';
import { recordedPort, Recorder } from './hardware/recording';

export { withMeasuredCeilings } from '../core/hardware/measuredCeilings';
export { defaultCeilingsFolder, loadCeilings } from './bench/ceilingsStore';
export { measuredMachine } from './bench/measuredMachine';
export { BenchRefused, runBenchmark, type BenchOptions, type BenchProgress } from './bench/runBenchmark';
export { readHardwareReport } from './findTarget';
export { RecordingError } from './hardware/recording';

export interface DetectOptions {
  readonly signal?: AbortSignal;
  /** Folder to write all that was read to, so that `from` can answer from it. */
  readonly record?: string;
  /** Folder of such a recording: nothing of this machine is read or run. */
  readonly from?: string;
  /** Replace serial numbers, UUIDs, user and host names, in the report and in the recording. */
  readonly mask?: boolean;
  /** The user's own absolute paths of tools, by command: `nvidia-smi`. */
  readonly toolPaths?: Readonly<Record<string, string>>;
  /** In place of this process's environment variables. */
  readonly environment?: NodeJS.ProcessEnv;
  /** Limit for one call of a vendor's tool; 10 s is what busy nodes with many GPUs need. */
  readonly toolTimeoutMs?: number;
}

const defaultToolTimeout = 10_000;

/**
 * What this machine has, and what came of every probe. A probe that fails, hangs or prints rubbish costs its own answer and
 * no other. Nothing is cached: callers keep the report with its time.
 * @throws RecordingError when `from` is no recording; the signal's reason when it is aborted
 */
export async function detectHardware(options: DetectOptions = {}): Promise<HardwareReport> {
  const toolTimeoutMs = options.toolTimeoutMs ?? defaultToolTimeout;
  const recorder = options.record === undefined ? null : new Recorder();
  const source =
    options.from === undefined
      ? machinePort({
          signal: options.signal,
          environment: options.environment ?? process.env,
          toolPaths: options.toolPaths ?? {},
        })
      : await recordedPort(options.from);
  // nvidia-smi may be asked several times, each within its own limit.
  const runner = new ProbeRunner(recorder?.watch(source) ?? source, 2 * toolTimeoutMs + 2000, options.signal);
  const readings = await takeReadings(runner, toolTimeoutMs);
  const report: HardwareReport = {
    schema: 1,
    machine: assembleMachine(readings),
    clusters: [],
    probes: withNotes(runner.log, hiddenGpuNotes(readings)),
  };
  const mask = options.mask === true ? maskOfThisUser(options.environment ?? process.env) : null;
  const shown = mask?.data(report) ?? report;
  if (recorder !== null && options.record !== undefined) await recorder.write(options.record, mask);
  return shown;
}

/** Notes about GPUs that cannot be used stand with the listing of the bus that shows them. */
function withNotes(log: readonly Probe[], notes: readonly string[]): Probe[] {
  return log.map((probe) =>
    probe.name === 'pci' && notes.length > 0
      ? { ...probe, detail: [probe.detail, ...notes].join('; ') }
      : probe,
  );
}

function maskOfThisUser(environment: NodeJS.ProcessEnv): Mask {
  const users = [environment['USER'], environment['LOGNAME'], environment['USERNAME']];
  try {
    users.push(userInfo().username);
  } catch {
    // A container's user need not have an entry in the list of users.
  }
  const hosts = [hostname(), hostname().split('.')[0], environment['HOSTNAME'], environment['COMPUTERNAME']];
  const given = (names: readonly (string | undefined)[]): string[] =>
    names.filter((name) => name !== undefined && name !== '') as string[];
  return createMask({ users: given(users), hosts: given(hosts) });
}
