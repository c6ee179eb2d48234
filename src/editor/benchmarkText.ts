import type { BenchReport, DeviceResult } from '../core/bench/benchReport';
import { GB } from '../core/units/bytes';

/** A benchmark's result in one sentence, its first warning included. */
export function benchmarkSentence(report: BenchReport): string {
  const figures = report.results.flatMap(deviceText);
  const first = report.comparison.find(({ test }) => test === 'gemm') ?? report.comparison[0];
  const comparison = first === undefined ? '' : `; the GPU is ${first.gpuOverCpu.toFixed(1)} times as fast`;
  const result =
    figures.length === 0 ? 'Nothing could be measured' : `Measured ${figures.join('; ')}${comparison}`;
  const warnings = report.warnings.map(withoutOption).join('; ');
  return warnings === '' ? `${result}.` : `${result}: ${warnings}.`;
}

/** A sentence of the command line without its advice to use an option. */
export function withoutOption(sentence: string): string {
  return sentence.replace(/; --\S+ .*$/, '').replace(/\.$/, '');
}

function deviceText({ device, adapter, tests }: DeviceResult): readonly string[] {
  const bandwidth = tests.find(({ name }) => name === 'bandwidth');
  const gemm = tests.filter(({ name }) => name === 'gemm').sort((a, b) => b.value - a.value)[0];
  const parts = [
    bandwidth === undefined ? null : `${(bandwidth.value / GB).toFixed(1)} GB/s`,
    gemm === undefined ? null : `${(gemm.value / 1e9).toFixed(0)} GFLOP/s ${gemm.type}`,
  ].filter((part) => part !== null);
  if (adapter.software) return ['a software adapter, which is no GPU'];
  return parts.length === 0
    ? []
    : [`${device === 'cpu' ? 'CPU' : (adapter.name ?? 'GPU')} ${parts.join(', ')}`];
}
