import type { DeviceMeasurement, MeasuredFigures } from '../hardware/measuredCeilings';
import type { BenchReport, DeviceResult } from './benchReport';

/** A device's figures together with the engine that measured them: figures of another version are not comparable. */
export interface ReportedFigures {
  readonly engine: string;
  readonly figures: MeasuredFigures;
}

/**
 * The CPU's figures out of a report: those with most threads. null where none were measured or where fewer threads ran than
 * `threads`, the number that work on this machine would use: part of a CPU is not its ceiling.
 */
export function cpuFigures(report: BenchReport, threads: number): ReportedFigures | null {
  const result = report.results.find(({ device }) => device === 'cpu');
  if (result === undefined) return null;
  const tests = result.tests.filter((test) => (test.threads ?? 0) >= threads);
  return tests.length === 0 ? null : { engine: result.engine, figures: figuresOf({ ...result, tests }) };
}

/** The GPUs' figures out of a report; a software adapter and an adapter without a name have none that could be kept. */
export function gpuFigures(report: BenchReport): (DeviceMeasurement & Pick<ReportedFigures, 'engine'>)[] {
  return report.results.flatMap((result) => {
    const { name, software } = result.adapter;
    if (result.device === 'cpu' || software || name === null || result.tests.length === 0) return [];
    const kind = result.device === 'torch' ? 'native' : 'portable';
    return [{ device: name, kind, engine: result.engine, figures: figuresOf(result) }];
  });
}

function figuresOf(result: DeviceResult): MeasuredFigures {
  const value = (name: 'bandwidth' | 'launch'): number | undefined =>
    result.tests.find((test) => test.name === name)?.value;
  const bytesPerSecond = value('bandwidth');
  const launchSeconds = value('launch');
  const products = result.tests.filter((test) => test.name === 'gemm');
  return {
    ...(bytesPerSecond === undefined ? {} : { bytesPerSecond }),
    ...(launchSeconds === undefined ? {} : { launchSeconds }),
    ...(products.length === 0
      ? {}
      : { flops: Object.fromEntries(products.map((test) => [test.type, test.value])) }),
  };
}
