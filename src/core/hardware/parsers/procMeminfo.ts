import { KiB } from '../../units/bytes';

export interface MemInfo {
  readonly totalBytes: number;
  readonly availableBytes: number;
}

/**
 * `/proc/meminfo`: lines `Key:  n kB`. Kernels before 3.14 have no MemAvailable: then free memory and page cache stand for it.
 * null when there is no total.
 */
export function parseMeminfo(text: string): MemInfo | null {
  const values = new Map<string, number>();
  for (const line of text.split('\n')) {
    const match = /^(\w+(?:\(\w+\))?):\s+(\d{1,12})(?: kB)?\s*$/u.exec(line);
    if (match !== null) values.set(match[1] ?? '', Number(match[2]) * KiB);
  }
  const totalBytes = values.get('MemTotal');
  if (totalBytes === undefined || totalBytes === 0) return null;
  const available =
    values.get('MemAvailable') ??
    (values.get('MemFree') ?? 0) + (values.get('Buffers') ?? 0) + (values.get('Cached') ?? 0);
  return { totalBytes, availableBytes: Math.min(available, totalBytes) };
}
