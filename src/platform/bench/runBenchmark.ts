import { cpus, freemem } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { cpuCache } from 'systeminformation';
import {
  compareDevices,
  type BenchDevice,
  type BenchReport,
  type DeviceResult,
  type TestName,
} from '../../core/bench/benchReport';
import { nothingMeasured, type BenchJob } from '../../core/bench/suite';
import type { Machine } from '../../core/hardware/device';
import type { BenchStage } from '../../protocol/bench';
import { runInProcess } from './benchProcess';
import { saveCeilings } from './ceilingsStore';
import { defaultLockPath, tryLock } from './machineLock';
import { runTorch, torchNotMeasured } from './torchBenchmark';
import { usableCores } from './usableCores';

export interface BenchProgress {
  readonly device: BenchDevice;
  readonly stage: BenchStage;
  readonly test: TestName | null;
  /** 0 to 1, of the whole benchmark. */
  readonly fraction: number;
}

export interface BenchOptions {
  readonly quick: boolean;
  readonly device: BenchDevice | 'all';
  /** CPU threads; absent = the physical cores that this process may use. */
  readonly threads?: number;
  /** Measure on a login node and on a device that another process uses. */
  readonly force?: boolean;
  /** Aborting kills the process that measures, and the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: BenchProgress) => void;
  /** The benchmark process's program; absent = `worker.js` beside this bundle. */
  readonly workerPath?: string;
  readonly environment?: NodeJS.ProcessEnv;
  /** The machine as detected; null = nothing is known of it, and nothing is refused. */
  readonly machine?: Machine | null;
  /** A Python interpreter whose PyTorch is to be measured; absent or null = none. */
  readonly python?: string | null;
  /** The script that it runs; absent = `media/torchBenchmark.py` beside this bundle's folder. */
  readonly torchScript?: string;
  /** Seconds that a quick benchmark may take; absent = 14, which leaves a second of 15 for starting and printing. */
  readonly quickSeconds?: number;
  /** Folder in which what was measured is kept for estimates; absent, or no machine = it is not kept. */
  readonly ceilingsFolder?: string;
  readonly lockPath?: string;
  /** Seconds after which a job is killed; for tests. */
  readonly deadlineSeconds?: number;
}

/** The benchmark was not begun; the message is one sentence that says why, and what would begin it. */
export class BenchRefused extends Error {
  override readonly name = 'BenchRefused';
}

/** Seconds that a job may take, and before the end of which its last test must have begun. */
interface TimeLimit {
  readonly deadline: number;
  readonly lastTest: number;
}

const defaultQuickSeconds = 14;

/** `left` = seconds that are left of a quick benchmark. */
function timeLimit(device: 'cpu' | 'gpu', quick: boolean, left: number): TimeLimit {
  if (!quick) return { deadline: 120, lastTest: 20 };
  // A GPU is soon done, or soon missing; what is left is the CPU's, whose bandwidth takes longest.
  return device === 'gpu' ? { deadline: Math.min(left, 7), lastTest: 2 } : { deadline: left, lastTest: 4.5 };
}

/**
 * Measures this machine, one process per device, one benchmark at a time. What a device lacks is in its `skipped`; a process that
 * crashes is a warning and leaves the other device's result. Rejects with `BenchRefused`, or when the signal aborts.
 */
export async function runBenchmark(options: BenchOptions): Promise<BenchReport> {
  options.signal?.throwIfAborted();
  const machine = options.machine ?? null;
  const force = options.force ?? false;
  if (machine?.os.loginNode === true && !force)
    throw new BenchRefused(
      'this is a login node that others share, so nothing is measured here; --force measures anyway',
    );
  const busy = force ? null : busyDevice(machine);
  if (busy !== null && (options.device === 'gpu' || options.device === 'torch')) throw new BenchRefused(busy);

  const lock = await tryLock(options.lockPath ?? defaultLockPath);
  if (lock.release === null) {
    const holder = lock.heldBy === null ? '' : ` (process ${lock.heldBy})`;
    throw new BenchRefused(
      `another benchmark is running on this machine${holder}; try again when it is done`,
    );
  }
  try {
    const report = await benchmark(options, machine, busy);
    return await kept(report, options, machine);
  } finally {
    await lock.release();
  }
}

/** The report, after its figures were kept; a folder that cannot be written is a warning. */
async function kept(
  report: BenchReport,
  { ceilingsFolder }: BenchOptions,
  machine: Machine | null,
): Promise<BenchReport> {
  if (ceilingsFolder === undefined || machine === null) return report;
  try {
    await saveCeilings(ceilingsFolder, machine, report);
    return report;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    const warning = `the figures could not be kept in ${ceilingsFolder}${code}`;
    return { ...report, warnings: [...report.warnings, warning] };
  }
}

const order: readonly BenchDevice[] = ['cpu', 'gpu', 'torch'];

async function benchmark(
  options: BenchOptions,
  machine: Machine | null,
  busy: string | null,
): Promise<BenchReport> {
  const startedAt = new Date().toISOString();
  const start = performance.now();
  const elapsed = (): number => (performance.now() - start) / 1000;
  const results: DeviceResult[] = [];
  const warnings: string[] = [];

  const quickSeconds = options.quickSeconds ?? defaultQuickSeconds;
  const usesCpu = options.device === 'cpu' || options.device === 'all';
  const load = usesCpu ? await busyShare(options.signal) : 0;
  if (load > 0.5)
    warnings.push(
      `other work kept ${(load * 100).toFixed(0)} % of the processor busy before the benchmark, so its figures may be low`,
    );
  const devices = (['gpu', 'cpu'] as const).filter(
    (device) => options.device === 'all' || options.device === device,
  );
  const cacheBytes = devices.includes('cpu') ? await lastLevelCache() : null;
  for (const [position, device] of devices.entries()) {
    if (device === 'gpu' && busy !== null) {
      results.push(nothingMeasured('gpu', busy));
      warnings.push(busy);
      continue;
    }
    const limit = timeLimit(device, options.quick, quickSeconds - elapsed());
    const job: BenchJob = {
      device,
      quick: options.quick,
      threads: options.threads ?? usableCores(machine),
      cacheBytes: device === 'cpu' ? cacheBytes : null,
      memoryBytes: device === 'cpu' ? hostMemory(machine) : deviceMemory(machine),
      budgetSeconds: Math.max(1, limit.deadline - limit.lastTest),
    };
    const outcome = await runInProcess(job, {
      workerPath: options.workerPath ?? join(__dirname, 'worker.js'),
      environment: options.environment ?? process.env,
      deadlineSeconds: options.deadlineSeconds ?? limit.deadline,
      signal: options.signal,
      onProgress: (stage, test, fraction) =>
        options.onProgress?.({ device, stage, test, fraction: (position + fraction) / devices.length }),
    });
    results.push(withName(outcome.result, machine));
    if (outcome.problem !== null) warnings.push(outcome.problem);
    else if (device === 'gpu') warnings.push(...unreachable(outcome.result, machine));
  }
  if (options.device === 'torch' || (options.device === 'all' && (options.python ?? null) !== null)) {
    const left = options.quick ? quickSeconds - elapsed() : 120;
    const { result, problem } = await torchResult(options, busy, left);
    results.push(result);
    if (problem !== null) warnings.push(problem);
  }
  return {
    schema: 1,
    startedAt,
    seconds: elapsed(),
    quick: options.quick,
    results: order.flatMap((device) => results.filter((result) => result.device === device)),
    comparison: compareDevices(results),
    warnings,
  };
}

/** Why a GPU that the machine has may be out of WebGPU's reach, and what measures it all the same. */
function unreachable({ adapter, tests }: DeviceResult, machine: Machine | null): string[] {
  const device = machine?.devices.find(({ kind, visible }) => kind !== 'software' && visible);
  if (device === undefined || (tests.length > 0 && !adapter.software)) return [];
  const container =
    device.vendor === 'nvidia' && machine?.os.container === true
      ? ' (in a container, NVIDIA_DRIVER_CAPABILITIES has to name graphics)'
      : '';
  return [
    `${device.name} could not be measured through WebGPU${container}; --python PATH measures it with the PyTorch of that interpreter`,
  ];
}

async function torchResult(
  options: BenchOptions,
  busy: string | null,
  left: number,
): Promise<{ readonly result: DeviceResult; readonly problem: string | null }> {
  const python = options.python ?? null;
  const skipped = (reason: string): { result: DeviceResult; problem: null } => ({
    result: torchNotMeasured(reason),
    problem: null,
  });
  if (python === null) return skipped('no Python with PyTorch was named (--python PATH)');
  if (busy !== null) return skipped(busy);
  // Importing PyTorch alone takes seconds.
  if (options.quick && options.device === 'all')
    return skipped('it does not fit into a quick benchmark of everything');
  options.onProgress?.({ device: 'torch', stage: 'measuring', test: null, fraction: 0 });
  const outcome = await runTorch({
    python,
    script: options.torchScript ?? join(__dirname, '..', 'media', 'torchBenchmark.py'),
    quick: options.quick,
    environment: options.environment ?? process.env,
    deadlineSeconds: options.deadlineSeconds ?? left,
    signal: options.signal,
  });
  return outcome.result === null
    ? { result: torchNotMeasured(outcome.problem), problem: outcome.problem }
    : { result: outcome.result, problem: null };
}

/** The sentence that refuses a GPU which others use; null when none is in use. */
function busyDevice(machine: Machine | null): string | null {
  for (const device of machine?.devices ?? []) {
    const [user, ...more] = device.processes.filter(({ pid }) => pid !== process.pid);
    if (!device.visible || user === undefined) continue;
    const others = more.length === 0 ? '' : ` and ${more.length} more`;
    return `${device.name} is in use by ${user.name} (process ${user.pid})${others}, so it is not measured; --force measures anyway`;
  }
  return null;
}

function hostMemory(machine: Machine | null): number {
  if (machine === null) return freemem();
  return Math.min(machine.memory.availableBytes, machine.memory.limitBytes ?? Infinity);
}

/** Which of several GPUs the engine takes is not known, so the one with the least memory counts. */
function deviceMemory(machine: Machine | null): number | null {
  const free = (machine?.devices ?? []).flatMap((device) => device.freeBytes ?? []);
  return free.length === 0 ? null : Math.min(...free);
}

async function lastLevelCache(): Promise<number | null> {
  const { l3, l2 } = await cpuCache();
  const largest = Math.max(l3, l2);
  return Number.isFinite(largest) && largest > 0 ? largest : null;
}

/** Share of the processor's time that was spent on anything during a tenth of a second. */
async function busyShare(signal: AbortSignal | undefined): Promise<number> {
  const times = (): { idle: number; all: number } => {
    const sum = { idle: 0, all: 0 };
    for (const { times: one } of cpus()) {
      sum.idle += one.idle;
      sum.all += one.user + one.nice + one.sys + one.irq + one.idle;
    }
    return sum;
  };
  const before = times();
  await pause(100, undefined, { signal });
  const after = times();
  const all = after.all - before.all;
  return all > 0 ? 1 - (after.idle - before.idle) / all : 0;
}

/**
 * Names the processor. A GPU that the process could not name (Metal has no Vulkan) is the machine's only one, where it has one; several
 * stay unnamed.
 */
function withName(result: DeviceResult, machine: Machine | null): DeviceResult {
  const { name, software } = result.adapter;
  if (name !== null) return result;
  if (result.device === 'cpu')
    return { ...result, adapter: { name: machine?.cpu.model ?? cpus()[0]?.model ?? null, software } };
  const [only, ...others] = (machine?.devices ?? []).filter(({ kind }) => kind !== 'software');
  if (only === undefined || others.length > 0 || software || result.tests.length === 0) return result;
  return { ...result, adapter: { name: only.name, software } };
}
