import { fits, largestFitting, tryWith, type Situation, type Tried } from './whatFits';

/** The largest value that fits, all else equal. null where a limit has no meaning for the job. */
export interface Limits {
  readonly maxContextLength: number | null;
  readonly maxConcurrency: number | null;
  readonly maxMicroBatch: number | null;
  readonly kvPoolTokens: number | null;
  readonly kvRequiredBytes: number | null;
}

/** No search goes beyond these: a job that fits there has no limit worth telling. */
const mostContext = 2 ** 22;
const mostSequences = 2 ** 14;
const mostMicroBatch = 2 ** 12;

export const noLimits: Limits = {
  maxContextLength: null,
  maxConcurrency: null,
  maxMicroBatch: null,
  kvPoolTokens: null,
  kvRequiredBytes: null,
};

/** Limits by searching the estimate itself, so that they can never disagree with it. */
export function findLimits(tried: Tried): Limits {
  const { situation, memory } = tried;
  if (memory.unknown !== null) return noLimits;
  if (situation.job.task === 'train')
    return {
      ...noLimits,
      maxMicroBatch: largestFitting(mostMicroBatch, (value) =>
        fitsWith(situation, 'training.microBatch', value),
      ),
    };
  const main = situation.models[0];
  const own = main?.outcome.ok === true ? main.outcome.blueprint.maxContext : null;
  const generates = situation.job.task === 'generate';
  return {
    ...noLimits,
    maxContextLength: generates
      ? largestFitting(Math.min(own ?? mostContext, mostContext), (value) =>
          fitsWith(situation, 'inference.contextLength', value),
        )
      : null,
    // A pool is shared: what it holds is a matter of counting, not of another estimate.
    maxConcurrency: !generates
      ? null
      : memory.kvPoolTokens !== null
        ? poolConcurrency(memory.kvPoolTokens, situation)
        : largestFitting(mostSequences, (value) => fitsWith(situation, 'inference.concurrency', value)),
    kvPoolTokens: memory.kvPoolTokens,
    kvRequiredBytes: memory.kvRequiredBytes,
  };
}

function poolConcurrency(tokens: number, situation: Situation): number | null {
  const sequences = Math.floor(tokens / Math.max(1, situation.job.inference.contextLength));
  return sequences >= 1 ? sequences : null;
}

function fitsWith(situation: Situation, path: string, value: number): boolean {
  return fits(tryWith(situation, { [path]: value }));
}
