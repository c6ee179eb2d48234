import type { Span } from '../../units/span';
import type { Finding } from '../finding';

/** A file that belongs to a job but names no model: it says what would complete it, and is no fault of the file. */
export function fragmentFinding(message: string, span: Span): Finding {
  return {
    code: 'fragment',
    severity: null,
    verdict: 'unknown',
    message,
    span,
    anchor: span,
    result: null,
    remedies: [],
  };
}
