import { estimateMemory } from '../estimate/estimateMemory';
import type { MemoryEstimate } from '../estimate/memoryEstimate';
import type { Target } from '../hardware/target';
import type { JobDocument } from '../job/jobDocument';
import type { ResolvedModel } from '../job/resolvedModel';
import { judge, type Judgement } from './verdict';
import { withSettings } from './jobSettings';

/** A job with what is needed to estimate it again after a change. */
export interface Situation {
  readonly job: JobDocument;
  readonly models: readonly ResolvedModel[];
  readonly target: Target;
  readonly headroom: number;
}

export interface Tried {
  readonly situation: Situation;
  readonly memory: MemoryEstimate;
  readonly judgement: Judgement;
  /** Expected bytes on the device that needs most. */
  readonly peakBytes: number;
}

/** The same job with other settings, estimated again. A change of a model's setting reaches the resolved model as well. */
export function tryWith(situation: Situation, set: Readonly<Record<string, unknown>>): Tried {
  const job = withSettings(situation.job, set);
  const models = situation.models.map((model, index) => {
    const setting = job.models[index];
    return setting === undefined ? model : { ...model, setting };
  });
  return tryOut({ ...situation, job, models });
}

export function tryOut(situation: Situation): Tried {
  const memory = estimateMemory(situation);
  const judgement = judge(memory, situation.target, situation.job.engine.name, situation.headroom);
  const peakBytes = judgement.need?.expected ?? 0;
  return { situation, memory, judgement, peakBytes };
}

/** Whether a tried job runs as wanted: `tight` is not good enough, a part on the host neither. */
export function fits(tried: Tried): boolean {
  return tried.judgement.verdict === 'fits';
}

/**
 * The largest whole value from 1 to `most` that fits, memory growing with it: doubling first, then halving the interval. null when
 * not even 1 fits.
 */
export function largestFitting(most: number, fitsAt: (value: number) => boolean): number | null {
  if (most < 1 || !fitsAt(1)) return null;
  let good = 1;
  let bad = most + 1;
  while (good * 2 <= most && bad === most + 1) {
    if (fitsAt(good * 2)) good *= 2;
    else bad = good * 2;
  }
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (fitsAt(middle)) good = middle;
    else bad = middle;
  }
  return good;
}
