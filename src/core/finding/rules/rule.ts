import type { Job } from '../../job/job';
import type { ResolvedModel } from '../../job/resolvedModel';
import type { Target } from '../../hardware/target';
import type { Finding } from '../finding';
import type { EstimateResult } from '../result';

/** What a rule looks at. */
export interface RuleSubject {
  readonly job: Job;
  readonly models: readonly ResolvedModel[];
  readonly target: Target;
  readonly result: EstimateResult;
  /** A bare model is no job: it gets no diagnostic. */
  readonly bareModel: boolean;
}

/** One diagnostic code: what it says of a job, or null. */
export interface Rule {
  readonly code: string;
  check(subject: RuleSubject): Finding | null;
}
