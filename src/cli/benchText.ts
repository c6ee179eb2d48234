import type { BenchReport, DeviceResult, TestResult } from '../core/bench/benchReport';
import { alignColumns } from './output';

const titles = { cpu: 'CPU', gpu: 'GPU', torch: 'PyTorch' } as const;

/** A benchmark report for people: a block per device, and the comparison. Warnings are not part of it. */
export function benchText(report: BenchReport): string {
  const blocks = report.results.map(deviceText);
  if (report.comparison.length > 0) {
    const ratios = report.comparison.map(
      ({ test, type, gpuOverCpu }) => `${test} ${type} ${threeDigits(gpuOverCpu)}x`,
    );
    blocks.push(`GPU over CPU  ${ratios.join(', ')}`);
  }
  return blocks.join('\n\n');
}

function deviceText(result: DeviceResult): string {
  const { name, software } = result.adapter;
  const adapter = `${name ?? 'unnamed'}${software ? ' (software adapter, not a GPU)' : ''}, `;
  const named = name !== null || result.tests.length > 0;
  const head = `${titles[result.device]}  ${named ? adapter : ''}${result.engine}`;
  const tests = alignColumns(
    result.tests.map((test) => [
      `  ${test.name}`,
      test.type,
      formatFigure(test.value, test.unit),
      `${formatFigure(test.low, test.unit)} to ${formatFigure(test.high, test.unit)}`,
      detail(test),
    ]),
    [2],
  );
  return [head, ...(tests === '' ? [] : [tests]), ...skippedLines(result)].join('\n');
}

function detail(test: TestResult): string {
  const shape = test.shape.length === 1 ? `${test.shape.join()} elements` : test.shape.join(' x ');
  if (test.threads === null) return shape;
  return `${shape}, ${test.threads} ${test.threads === 1 ? 'thread' : 'threads'}`;
}

/** One line per reason. */
function skippedLines({ skipped }: DeviceResult): string[] {
  const reasons = [...new Set(skipped.map(({ reason }) => reason))];
  return reasons.map((reason) => {
    const names = skipped.filter((test) => test.reason === reason).map(({ name, type }) => `${name} ${type}`);
    return `  not measured: ${names.join(', ')}: ${reason}`;
  });
}

/** Three digits with a decimal prefix: `250 GFLOP/s`, `28.1 GB/s`, `0.337 us`. */
export function formatFigure(value: number, unit: TestResult['unit']): string {
  if (unit === 's') {
    for (const [name, size] of [
      ['s', 1],
      ['ms', 1e-3],
    ] as const)
      if (value >= size) return `${threeDigits(value / size)} ${name}`;
    return `${threeDigits(value / 1e-6)} us`;
  }
  for (const [prefix, size] of [
    ['P', 1e15],
    ['T', 1e12],
    ['G', 1e9],
    ['M', 1e6],
  ] as const)
    if (value >= size) return `${threeDigits(value / size)} ${prefix}${unit}`;
  return `${threeDigits(value)} ${unit}`;
}

function threeDigits(value: number): string {
  return value >= 99.95 ? value.toFixed(0) : value.toPrecision(3);
}
