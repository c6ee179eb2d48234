import type { FlopType } from '../hardware/device';

/** What a test measures; see docs/benchmark.md for how. */
export type TestName =
  | 'gemm' // FLOP/s of a square matrix product
  | 'prefill' // FLOP/s of an int4 product with 128 rows
  | 'decode' // bytes of int4 weights read per second by one token
  | 'bandwidth' // bytes/s, two reads and one write counted
  | 'launch' // seconds to start one kernel
  | 'copyH2D'
  | 'copyD2H'
  | 'copyD2D'
  | 'allReduce'
  | 'context'; // bytes that a bare context takes

export type TestUnit = 'FLOP/s' | 'B/s' | 's' | 'B';

/** The benchmarks that a caller may ask for: a processor through onnxruntime, or the user's own PyTorch. */
export type BenchDevice = 'cpu' | 'gpu' | 'torch';

/** One measured figure: from the medians of its samples, and from their 5th and 95th percentiles. */
export interface TestResult {
  readonly name: TestName;
  readonly type: FlopType;
  /** [M, N, K] of a product; [elements] of one tensor otherwise. */
  readonly shape: readonly number[];
  /** null where the work is not done by CPU threads. */
  readonly threads: number | null;
  readonly value: number;
  readonly unit: TestUnit;
  readonly low: number;
  readonly high: number;
  readonly samples: number;
  /** The same figure for one operation on its own, its dispatch and synchronisation included; only where that differs by more than a fifth. */
  readonly plain?: number;
  /** Relative difference between this device's values and the CPU's, where both were computed. */
  readonly valueDifference?: number;
}

/** A test that was not run or whose figure must not be shown. */
export interface SkippedTest {
  readonly name: TestName;
  readonly type: FlopType;
  readonly reason: string;
}

export interface BenchAdapter {
  /** null where the system does not tell. */
  readonly name: string | null;
  /** A GPU that is computed by the CPU. */
  readonly software: boolean;
}

/** What came of one device. */
export interface DeviceResult {
  readonly device: BenchDevice;
  /** Name, version and back end of the engine: `onnxruntime 1.30.0 cpu`. */
  readonly engine: string;
  readonly adapter: BenchAdapter;
  readonly tests: readonly TestResult[];
  readonly skipped: readonly SkippedTest[];
}

export interface Comparison {
  readonly test: TestName;
  readonly type: FlopType;
  readonly gpuOverCpu: number;
}

/** What `rooflens bench --json` prints. */
export interface BenchReport {
  readonly schema: 1;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  /** Wall time of the whole benchmark. */
  readonly seconds: number;
  readonly quick: boolean;
  readonly results: readonly DeviceResult[];
  readonly comparison: readonly Comparison[];
  readonly warnings: readonly string[];
}

/**
 * GPU over CPU for every rate that both were measured for by the same graphs. A software adapter is no GPU and is not compared;
 * of several CPU figures the one with most threads counts.
 */
export function compareDevices(results: readonly DeviceResult[]): Comparison[] {
  const cpu = results.find((result) => result.device === 'cpu');
  const gpu = results.find((result) => result.device === 'gpu' && !result.adapter.software);
  if (cpu === undefined || gpu === undefined) return [];
  return gpu.tests.flatMap((test) => {
    const best = cpu.tests
      .filter((other) => other.name === test.name && other.type === test.type && test.unit.endsWith('/s'))
      .sort((a, b) => (b.threads ?? 0) - (a.threads ?? 0))[0];
    return best === undefined || best.value <= 0
      ? []
      : [{ test: test.name, type: test.type, gpuOverCpu: test.value / best.value }];
  });
}
