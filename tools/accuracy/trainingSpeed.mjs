// training_speed.csv: tokens a second of one GPU.
import { configOf } from './models.mjs';
import { makeJob, makeTarget, resolved } from './jobs.mjs';

export function readRow(core, row) {
  const config = configOf(row.model, core.knownModel);
  if (config === null) return { skip: 'no shapes for the model' };
  if (Number(row.n_gpus) > 1) return { skip: 'several GPUs' };
  const target = makeTarget(core, row.gpu);
  if (target === null) return { skip: `device ${row.gpu}` };
  const job = makeJob(core, {
    engine: 'pytorch',
    task: 'train',
    models: [{ config, quantization: null, dtype: 'bf16' }],
    training: {
      method: 'full',
      microBatch: Number(row.micro_batch),
      sequenceLength: Number(row.seq_len),
      precision: row.precision === 'fp8' ? 'fp8-mixed' : 'bf16',
      gradientCheckpointing: row.grad_ckpt === 'full' ? 'full' : 'none',
      attention: 'flash',
    },
  });
  return {
    job,
    models: resolved(core, job, [config]),
    target,
    quality: row.quality,
    group: `${row.framework}, ${row.gpu}`,
    label: `${row.model} ${row.precision} b${row.micro_batch}`,
    measured: Number(row.tok_s_per_gpu),
    figure: (_, speed) => speed.phases.find((phase) => phase.name === 'train')?.perSecond ?? null,
  };
}
