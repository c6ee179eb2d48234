import type { Span } from '../units/span';
import type { EstimateResult, Remedy, Verdict } from './result';

export type Severity = 'error' | 'warning' | 'information';

/** What is said about one place of a file. Rendering it is all that a surface does. */
export interface Finding {
  /** kebab-case, stable; null = lens and hover only, no diagnostic. */
  readonly code: string | null;
  readonly severity: Severity | null;
  readonly verdict: Verdict;
  readonly message: string;
  /** The key that is responsible; the anchor where there is none better. */
  readonly span: Span;
  /** Where the lens stands. */
  readonly anchor: Span;
  readonly result: EstimateResult | null;
  readonly remedies: readonly Remedy[];
}
