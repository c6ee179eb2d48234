import type { MemoryEstimate } from '../estimate/memoryEstimate';
import { quantisedLoading } from '../estimate/engines/quantisedLoading';
import { devicePools, type Target } from '../hardware/target';
import type { JobDocument } from '../job/jobDocument';
import type { ResolvedModel } from '../job/resolvedModel';
import type { Blueprint } from '../model/blueprint';
import { inferenceSpeed } from './inferenceSpeed';
import { noSpeed } from './noSpeed';
import type { SpeedEstimate } from './speedEstimate';
import { pictureSpeed } from './pictureSpeed';
import { trainingSpeed } from './trainingSpeed';

export interface SpeedInput {
  readonly job: JobDocument;
  readonly models: readonly ResolvedModel[];
  readonly target: Target;
  readonly memory: MemoryEstimate;
}

/** Speed of a job as if it fitted. Phases whose ceilings are not known are left out. */
export function estimateSpeed(input: SpeedInput): SpeedEstimate {
  const main = input.models.find((model) => model.setting.role === 'main') ?? input.models[0];
  if (main === undefined || !main.outcome.ok || input.memory.unknown !== null) return noSpeed;
  const blueprint: Blueprint = main.outcome.blueprint;
  if (blueprint.task === 'diffuse' && input.job.task !== 'train') return pictureSpeed(input);
  const asked = main.setting.quantization === undefined ? blueprint.quantization : main.setting.quantization;
  const pool = devicePools(input.target)[0] ?? null;
  const { quantization } = quantisedLoading(input.job, pool, blueprint, asked);
  const dtype = main.setting.dtype ?? blueprint.dtype;
  return input.job.task === 'train'
    ? trainingSpeed({ ...input, blueprint })
    : inferenceSpeed({ ...input, blueprint, quantization, dtype });
}
