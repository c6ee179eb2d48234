import type { Precision, TrainingSettings } from '../../job/jobDocument';
import type { Dtype } from '../../units/dtype';

/** What a training run holds in which type. */
export interface HeldPrecision extends Precision {
  /** Operations are cast by autocast: fp32 weights get a 16-bit copy, activations are cast where an operation asks for it. */
  readonly autocast: boolean;
}

/**
 * The named precisions of the job document. Mixed precision as PyTorch's autocast does it: parameters, gradients and optimizer
 * states in fp32, matrix products in 16 bit (Micikevicius et al. 2018; torch docs, "Automatic Mixed Precision").
 */
export function resolvePrecision(precision: TrainingSettings['precision']): HeldPrecision {
  if (typeof precision !== 'string')
    return { ...precision, autocast: precision.weights === 'f32' && precision.compute !== 'f32' };
  switch (precision) {
    case 'bf16':
      return uniform('bf16');
    case 'fp32':
      return uniform('f32');
    case 'bf16-mixed':
    case 'fp8-mixed':
      return { ...uniform('f32'), compute: 'bf16', autocast: true };
    case 'fp16-mixed':
      return { ...uniform('f32'), compute: 'f16', autocast: true };
  }
}

function uniform(dtype: Dtype): HeldPrecision {
  return { weights: dtype, compute: dtype, master: null, gradients: dtype, reduce: null, autocast: false };
}
