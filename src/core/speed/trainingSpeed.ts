import type { MemoryEstimate } from '../estimate/memoryEstimate';
import { resolvePrecision } from '../estimate/terms/precision';
import type { FlopType } from '../hardware/device';
import { devicePools, type Target } from '../hardware/target';
import type { JobDocument } from '../job/jobDocument';
import type { Blueprint } from '../model/blueprint';
import { divide, scale, type Range } from '../units/range';
import { computeLimit } from './ceilings';
import { computeEfficiency } from './efficiency';
import { noSpeed } from './noSpeed';
import { rate } from './inferenceSpeed';
import { forwardOperations } from './operations';
import type { SpeedEstimate } from './speedEstimate';

export interface TrainingSpeedInput {
  readonly job: JobDocument;
  readonly target: Target;
  readonly memory: MemoryEstimate;
  readonly blueprint: Blueprint;
}

/**
 * Training speed from operations: forward once, backward twice that (once for the inputs, once for the weights; without trained weights
 * only the first), and once more where activations are computed again (Kaplan et al. 2020; Korthikanti et al. 2022, appendix).
 */
export function trainingSpeed({ job, target, blueprint }: TrainingSpeedInput): SpeedEstimate {
  const pool = devicePools(target)[0];
  if (pool === undefined) return noSpeed;
  const { training } = job;
  const type = trainingType(job);
  const compute = computeLimit(pool, type);
  if (compute === null) return noSpeed;
  const sequence = training.sequenceLength;
  const forward = forwardOperations(blueprint, sequence, 0, sequence) / sequence;
  const backward = training.method === 'full' ? 2 : 1;
  const again =
    training.gradientCheckpointing === 'full' ? 1 : training.gradientCheckpointing === 'selective' ? 0.35 : 0;
  const operations = forward * (1 + backward + again);
  const seconds = rate(
    operations,
    compute.perSecond,
    computeEfficiency(job.engine.name, pool, 'train', type),
  );
  const ranks = Math.max(1, job.parallel.data);
  const perSecond: Range = scale(divide(1, seconds), ranks);
  const tokens = training.data.tokens;
  return {
    phases: [{ name: 'train', perSecond, unit: 'tokens', boundBy: 'compute', origin: compute.origin }],
    perRequest: { timeToFirstTokenSeconds: null, decodeTokensPerSecond: null },
    durationSeconds: tokens === null ? null : divide(tokens * (training.data.epochs ?? 1), perSecond),
  };
}

function trainingType(job: JobDocument): FlopType {
  const precision = resolvePrecision(job.training.precision);
  if (job.training.precision === 'fp8-mixed') return 'fp8';
  switch (precision.compute) {
    case 'f32':
      return 'fp32';
    case 'f16':
      return 'fp16';
    default:
      return 'bf16';
  }
}
