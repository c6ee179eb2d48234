import type { Precision, ShardingStrategy, TrainingSettings } from '../../job/jobDocument';
import type { Dtype } from '../../units/dtype';

/** What a training run holds in which type. */
export interface HeldPrecision extends Precision {
  /** Operations are cast by autocast: fp32 weights get a 16-bit copy, activations are cast where an operation asks for it. */
  readonly autocast: boolean;
}

/**
 * The named precisions of the job document. Mixed precision as PyTorch's autocast does it: parameters, gradients and optimizer
 * states in fp32, matrix products in 16 bit (Micikevicius et al. 2018; torch docs, "Automatic Mixed Precision"). Under ZeRO it is
 * DeepSpeed's kind: 16-bit weights and gradients, an fp32 master copy beside the states (deepspeed/runtime/bf16_optimizer.py). FSDP
 * keeps fp32 shards and gathers 16-bit copies, so that nothing is cast on the way.
 */
export function resolvePrecision(
  precision: TrainingSettings['precision'],
  strategy: ShardingStrategy = 'none',
): HeldPrecision {
  const casts = !isZero(strategy) && !isFsdp(strategy);
  if (typeof precision !== 'string') {
    // fp8 is a type of the product's operands: what lies between the products is 16 bit.
    const compute: Dtype = precision.compute.startsWith('f8') ? 'bf16' : precision.compute;
    return { ...precision, compute, autocast: casts && precision.weights === 'f32' && compute !== 'f32' };
  }
  switch (precision) {
    case 'bf16':
      return uniform('bf16');
    case 'fp32':
      return uniform('f32');
    case 'bf16-mixed':
    case 'fp8-mixed':
      return mixed('bf16', strategy);
    case 'fp16-mixed':
      return mixed('f16', strategy);
  }
}

export function isZero(strategy: ShardingStrategy): boolean {
  return strategy === 'zero1' || strategy === 'zero2' || strategy === 'zero3';
}

export function isFsdp(strategy: ShardingStrategy): boolean {
  return strategy === 'fsdp' || strategy === 'fsdp2' || strategy === 'fsdp-hybrid';
}

function mixed(compute: Dtype, strategy: ShardingStrategy): HeldPrecision {
  if (isZero(strategy))
    return { weights: compute, compute, master: 'f32', gradients: compute, reduce: null, autocast: false };
  return { ...uniform('f32'), compute, autocast: !isFsdp(strategy) };
}

function uniform(dtype: Dtype): HeldPrecision {
  return { weights: dtype, compute: dtype, master: null, gradients: dtype, reduce: null, autocast: false };
}
