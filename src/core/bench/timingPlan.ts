import type { Workload } from './workloads';

/** How long and how often a workload is timed. */
export interface TimingPlan {
  /** Runs before any time is kept: the memory arena is only complete after the second, shaders after the first. */
  readonly warmUpRuns: number;
  /** Timed runs of each of the two chains, at least and at most. */
  readonly minimumRuns: number;
  readonly maximumRuns: number;
  /** Runs go on until this much time has passed, within the bounds above. */
  readonly measureSeconds: number;
  /**
   * After this much time half of the minimum is enough: on a machine that is kept busy by others every run takes many times
   * what was planned, and fewer samples, which the result states, are better than none.
   */
  readonly patienceSeconds: number;
  /** One run stays below this, so that progress can be told between runs and no driver takes the device for hung. */
  readonly runSeconds: number;
  /** The largest size is taken at which one operation stays below this. */
  readonly operationSeconds: number;
}

export const quickPlan: TimingPlan = {
  warmUpRuns: 3,
  minimumRuns: 10,
  maximumRuns: 200,
  measureSeconds: 0.5,
  patienceSeconds: 2.5,
  runSeconds: 0.08,
  operationSeconds: 0.015,
};

export const fullPlan: TimingPlan = {
  ...quickPlan,
  minimumRuns: 30,
  maximumRuns: 500,
  measureSeconds: 2,
  patienceSeconds: 15,
  runSeconds: 0.1,
};

/** The longer chain of the pair by which a size is tried out. */
export const trialChain = 3;

/**
 * The largest further size at which one operation is expected to stay below the plan's bound, or null where this size is the right one.
 * `operationSeconds`: measured at `size`; time is taken to grow with the work, which small sizes, being less efficient, overstate.
 * `wantedBytes`: no larger size than the first whose tensors have this many bytes; null = no such bound.
 * `allowedBytes`: no size whose tensors have more.
 */
export function nextSize(
  workload: Workload,
  size: number,
  operationSeconds: number,
  plan: TimingPlan,
  bounds: { readonly wantedBytes: number | null; readonly allowedBytes: number },
): number | null {
  let chosen: number | null = null;
  for (const next of workload.sizes) {
    if (next <= size) continue;
    const reached = workload.tensorBytes(chosen ?? size);
    if (bounds.wantedBytes !== null && reached >= bounds.wantedBytes) break;
    if (workload.tensorBytes(next) > bounds.allowedBytes) break;
    const expected = (operationSeconds * workload.work(next)) / workload.work(size);
    if (expected > plan.operationSeconds) break;
    chosen = next;
  }
  return chosen;
}

/**
 * Operations of the longer chain; the shorter has one. As many as fit into one run beside what a run costs anyway
 * (`shortSeconds` = a whole run of one operation), at least three.
 */
export function longChain(
  workload: Workload,
  shortSeconds: number,
  operationSeconds: number,
  plan: TimingPlan,
): number {
  const room = Math.floor((plan.runSeconds - shortSeconds) / operationSeconds);
  return 1 + Math.min(workload.longestChain - 1, Math.max(2, room));
}
