import { settingAt } from '../../advice/jobSettings';
import { tryWith, type Situation } from '../../advice/whatFits';
import type { JobPath, SettingOrigin } from '../../job/job';
import type { RuleSubject } from './rule';

/** The setting that a reader should look at first. */
export interface Responsible {
  readonly path: JobPath;
  readonly origin: SettingOrigin;
  readonly value: unknown;
}

/** Settings that memory grows with, and the least that each can be lowered to. */
const growing: readonly (readonly [path: JobPath, least: number])[] = [
  ['training.microBatch', 1],
  ['training.sequenceLength', 256],
  ['inference.contextLength', 512],
  ['inference.concurrency', 1],
];

/**
 * The written setting whose growth costs most: the one whose least value saves most bytes, the first of those that save nearly as
 * much. null when none is written down or all together hardly matter: then the model itself is what is too large.
 */
export function responsibleSetting(subject: RuleSubject): Responsible | null {
  const { job, models, target } = subject;
  const situation: Situation = { job: job.document, models, target, headroom: 0 };
  const now = tryWith(situation, {}).peakBytes;
  let best: (Responsible & { readonly saved: number }) | null = null;
  for (const [path, least] of growing) {
    if (path.startsWith('training.') !== (job.document.task === 'train')) continue;
    const origin = job.origins[path];
    const value = settingAt(job.document, path);
    if (origin === undefined || origin.keySpan === null) continue;
    if (typeof value !== 'number' || value <= least) continue;
    const saved = now - tryWith(situation, { [path]: least }).peakBytes;
    if (saved > now * 0.05 && (best === null || saved > best.saved * 1.15))
      best = { path, origin, value, saved };
  }
  return best;
}
