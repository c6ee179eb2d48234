import type { Span } from '../../units/span';
import type { Finding } from '../finding';

/** A file that is ours but cannot be parsed as it stands. */
export function unreadableConfigFinding(message: string, span: Span): Finding {
  return {
    code: 'unreadable-config',
    severity: 'error',
    verdict: 'unknown',
    message,
    span,
    anchor: span,
    result: null,
    remedies: [],
  };
}
