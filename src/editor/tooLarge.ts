import { basename } from 'node:path';
import type { Analysis } from '../core/finding/analysis';
import { MAX_CONFIG_BYTES } from '../core/job/document/limits';
import { MiB } from '../core/units/bytes';

/** The answer to a text that is refused by its size before it is read. */
export function tooLarge(path: string, size: number): Analysis & { outcome: 'unreadable' } {
  const message = `${basename(path)} has ${mebibytes(size)} MiB, Rooflens reads configs up to ${mebibytes(MAX_CONFIG_BYTES)} MiB.`;
  const span = { start: 0, end: 0 };
  return {
    outcome: 'unreadable',
    kind: 'too-large',
    title: 'too large',
    message,
    span,
    findings: [
      {
        code: 'unreadable-config',
        severity: 'information',
        verdict: 'unknown',
        message,
        span,
        anchor: span,
        result: null,
        remedies: [],
      },
    ],
  };
}

function mebibytes(bytes: number): string {
  return (bytes / MiB).toFixed(0);
}
