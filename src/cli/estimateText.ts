import { plainLens, lensText, type LensSubject } from '../core/finding/lensText';
import type { EstimateResult } from '../core/finding/result';
import { decidingDevice, termLabel } from '../core/finding/termText';
import { formatGiB } from '../core/units/bytes';
import type { Range } from '../core/units/range';
import { alignColumns } from './output';

/** One job's answer for a terminal: the verdict, where the memory goes, whether a CPU is enough, what to change. */
export function estimateText(subject: LensSubject): string {
  const { result } = subject;
  const parts = [
    plainLens(lensText(subject)),
    result.reason,
    memoryTable(result),
    cpuLine(result),
    remedies(result),
  ];
  return `${parts.filter((part) => part !== '').join('\n')}\n`;
}

function memoryTable(result: EstimateResult): string {
  const device = decidingDevice(result);
  if (device === null) return '';
  const shown = device.terms.filter((term) => term.bytes.high > 0);
  const rows = [
    ...shown.map((term) => [
      `  ${termLabel(term.name)}${term.component === 'main' ? '' : ` (${term.component})`}`,
      ...figures(term.bytes),
      term.origin,
    ]),
    [`  ${device.phase} peak`, ...figures(device.devicePeak), ''],
  ];
  return alignColumns([['  GiB', 'low', 'expected', 'high', ''], ...rows], [1, 2, 3]);
}

function figures({ low, expected, high }: Range): readonly string[] {
  return [low, expected, high].map((bytes) => formatGiB(bytes));
}

function cpuLine({ cpu }: EstimateResult): string {
  return cpu === null ? '' : `CPU: ${cpu.reason}`;
}

function remedies(result: EstimateResult): string {
  return result.remedies.map((remedy) => `  - ${remedy.title}`).join('\n');
}
