import { isSoftwareAdapter, likelyAdapter, type GpuAdapter } from './adapter';
import type { BenchAdapter, DeviceResult, SkippedTest, TestName, TestResult } from './benchReport';
import { engineName, type Engine } from './engine';
import { measure, operationSeconds, type MeasureStage } from './measure';
import { fullPlan, quickPlan, type TimingPlan } from './timingPlan';
import { gemm, workloads, type Workload } from './workloads';

/** What one benchmark process is to do. */
export interface BenchJob {
  readonly device: 'cpu' | 'gpu';
  readonly quick: boolean;
  readonly threads: number;
  /** Last-level cache of the CPU; null = unknown. */
  readonly cacheBytes: number | null;
  /** Memory of the device that may be counted on; null = unknown. */
  readonly memoryBytes: number | null;
  /** No further test is begun after this many seconds. */
  readonly budgetSeconds: number;
}

/** What the suite needs of the process around it. */
export interface Surroundings {
  readonly engineVersion: string;
  /** CPU engine with that many threads. */
  readonly cpu: (threads: number) => Engine;
  readonly gpu: Engine;
  /** Adapters as Vulkan lists them; null where Vulkan could not be asked. */
  readonly adapters: readonly GpuAdapter[] | null;
  /** Seconds since the process began. */
  readonly elapsed: () => number;
  readonly onProgress: (stage: MeasureStage, test: TestName, fraction: number) => Promise<void>;
  /** Called for each figure as soon as it is known, so that it is not lost with the process. */
  readonly onTest: (test: TestResult) => Promise<void>;
  /** Called once it is known what is measured. */
  readonly onAdapter: (adapter: BenchAdapter) => Promise<void>;
}

/** A GPU that is this many times slower than one core of the CPU is taken for a software adapter. */
const softwareSlowdown = 10;
/** Size of the product by which that is judged, and of the only check that a software adapter gets. */
const speedCheckSize = 512;
const pathCheckSize = 64;

/** Runs everything that one device can do. Never rejects for what a device lacks: that is under `skipped`, with its reason. */
export async function runSuite(job: BenchJob, around: Surroundings): Promise<DeviceResult> {
  return job.device === 'cpu' ? cpuSuite(job, around) : gpuSuite(job, around);
}

/** The result of a device on which nothing was measured, for one reason. */
export function nothingMeasured(
  device: 'cpu' | 'gpu',
  reason: string,
  adapter: BenchAdapter = { name: null, software: false },
  version?: string,
): DeviceResult {
  return partlyMeasured(device, [], reason, adapter, version);
}

/** The result of a device on which only these tests were measured; the others were not, for one reason. */
export function partlyMeasured(
  device: 'cpu' | 'gpu',
  tests: readonly TestResult[],
  reason: string,
  adapter: BenchAdapter = { name: null, software: false },
  version?: string,
): DeviceResult {
  return {
    device,
    engine: engineName(device === 'cpu' ? 'cpu' : 'webgpu', version),
    adapter,
    tests,
    skipped: workloads
      .filter(({ name }) => !tests.some((test) => test.name === name))
      .map(({ name, type }) => ({ name, type, reason })),
  };
}

async function cpuSuite(job: BenchJob, around: Surroundings): Promise<DeviceResult> {
  // One thread as well, where there is time: it tells how the figures grow with cores.
  const threadCounts = job.quick || job.threads === 1 ? [job.threads] : [job.threads, 1];
  const runs = threadCounts.flatMap((threads) =>
    workloads.map((workload) => ({ workload, threads, engine: around.cpu(threads), reference: null })),
  );
  return {
    device: 'cpu',
    engine: engineName('cpu', around.engineVersion),
    adapter: { name: null, software: false },
    ...(await measureAll(runs, job, around, planOf(job))),
  };
}

async function gpuSuite(job: BenchJob, around: Surroundings): Promise<DeviceResult> {
  const likely = around.adapters === null ? null : likelyAdapter(around.adapters);
  const adapter = { name: likely?.name ?? null, software: likely !== null && isSoftwareAdapter(likely) };
  const nothing = (reason: string): DeviceResult =>
    nothingMeasured('gpu', reason, adapter, around.engineVersion);
  const reference = around.cpu(job.threads);

  let placed;
  try {
    placed = await around.gpu.placement(gemm.build(pathCheckSize, 1));
  } catch (error) {
    // No adapter was taken, so the name that Vulkan told is not that of what would have been measured.
    return nothingMeasured('gpu', engineRefusal(error), undefined, around.engineVersion);
  }
  await around.onAdapter(adapter);
  if (placed.here === 0)
    return nothing('the engine ran every operation on the CPU although the GPU was asked for');
  if (adapter.software)
    return softwareResult(job, around, reference, adapter, 'it is computed by the CPU (software adapter)');

  // A product of this size takes one core a few milliseconds, and a real GPU far less.
  const onGpu = await operationSeconds(gemm, around.gpu, speedCheckSize);
  const onCore = await operationSeconds(gemm, around.cpu(1), speedCheckSize);
  const slowdown = onGpu / onCore;
  if (slowdown > softwareSlowdown) {
    return softwareResult(
      job,
      around,
      reference,
      { ...adapter, software: true },
      `it is ${slowdown.toFixed(0)} times slower than one core of the CPU, as a software adapter is`,
    );
  }
  const runs = workloads.map((workload) => ({ workload, threads: null, engine: around.gpu, reference }));
  return {
    device: 'gpu',
    engine: engineName('webgpu', around.engineVersion),
    adapter,
    ...(await measureAll(runs, job, around, planOf(job))),
  };
}

/** One small product proves the path; its speed is the CPU's, so nothing else is measured. */
async function softwareResult(
  job: BenchJob,
  around: Surroundings,
  reference: Engine,
  adapter: BenchAdapter,
  reason: string,
): Promise<DeviceResult> {
  const check: Workload = { ...gemm, sizes: [pathCheckSize], longestChain: 4 };
  const plan = { ...quickPlan, measureSeconds: 0 };
  const runs = [{ workload: check, threads: null, engine: around.gpu, reference }];
  const { tests, skipped } = await measureAll(runs, job, around, plan);
  const others = workloads.filter((workload) => workload.name !== check.name);
  return {
    device: 'gpu',
    engine: engineName('webgpu', around.engineVersion),
    adapter,
    tests,
    skipped: [...skipped, ...others.map(({ name, type }) => ({ name, type, reason }))],
  };
}

async function measureAll(
  runs: readonly {
    readonly workload: Workload;
    readonly threads: number | null;
    readonly engine: Engine;
    readonly reference: Engine | null;
  }[],
  job: BenchJob,
  around: Surroundings,
  plan: TimingPlan,
): Promise<{ readonly tests: readonly TestResult[]; readonly skipped: readonly SkippedTest[] }> {
  const tests: TestResult[] = [];
  const skipped: SkippedTest[] = [];
  for (const [position, { workload, threads, engine, reference }] of runs.entries()) {
    const { name, type } = workload;
    const skip = (reason: string): void => {
      skipped.push({ name, type, reason });
    };
    if (around.elapsed() > job.budgetSeconds) {
      skip(`the time of the benchmark was used up (${job.budgetSeconds.toFixed(0)} s)`);
      continue;
    }
    try {
      const measured = await measure(workload, engine, {
        plan,
        threads,
        cacheBytes: job.cacheBytes,
        memoryBytes: job.memoryBytes,
        reference,
        onProgress: (stage, fraction) => around.onProgress(stage, name, (position + fraction) / runs.length),
      });
      if (measured.test === null) skip(measured.reason);
      else {
        tests.push(measured.test);
        await around.onTest(measured.test);
      }
    } catch (error) {
      skip(engineRefusal(error));
    }
  }
  return { tests, skipped };
}

function planOf(job: BenchJob): TimingPlan {
  return job.quick ? quickPlan : fullPlan;
}

/** An error of the engine as one sentence: its messages begin with a source file, a function and a condition, which help nobody. */
export function engineRefusal(error: unknown): string {
  const message = (error instanceof Error ? error.message : String(error)).replace(/\s+/gu, ' ').trim();
  const adapterMissing = /Failed to get a WebGPU adapter: (.*)$/u.exec(message);
  if (adapterMissing !== null)
    return 'no GPU can be used through WebGPU here (Vulkan, Metal or Direct3D 12 found no supported adapter)';
  const plain = message.replace(/^.*was false\. /u, '');
  return `the engine refused: ${plain.length > 200 ? `${plain.slice(0, 200)}…` : plain}`;
}
