import { optimizerSetting } from './completeJob';
import type { OptimizerSetting } from './jobDocument';

/**
 * The optimizer that a name of Hugging Face's `OptimizerNames` (transformers `training_args.py`), of torchao or of
 * axolotl's own list stands for, by the job document's name. 8 bits and paging are part of that name; `stateBits` is set
 * where states are wider than the parameters (bitsandbytes' 32-bit optimizers).
 */
export function optimizerByName(written: string): OptimizerSetting {
  const name = written.trim().toLowerCase();
  for (const [pattern, family, fields] of names) {
    if (pattern.test(name)) return optimizerSetting(family, fields);
  }
  return optimizerSetting(name);
}

const names: readonly (readonly [RegExp, string, Partial<OptimizerSetting>?])[] = [
  [/^adamw_torch(_npu)?_fused$/, 'adamw', { implementation: 'fused' }],
  [/^adamw(_torch|_torch_xla|_hf)$/, 'adamw', { implementation: 'foreach' }],
  [/^(adamw|adamw_apex_fused|adamw_anyprecision|adopt_adamw|adamc|grokadamw|stable_adamw)$/, 'adamw'],
  // optimi is told `foreach=False` by axolotl; flashoptim and schedule-free step tensor by tensor.
  [/^(optimi_adamw|flash_adamw?|schedule_free_(adamw|radam))$/, 'adamw', { implementation: 'for-loop' }],
  [/^(adamw_8bit|adamw_bnb_8bit|adamw_torch_8bit|ao_adamw_8bit|ao_adamw_fp8)$/, 'adamw_8bit'],
  [/^(adamw_torch_4bit|ao_adamw_4bit)$/, 'adamw_4bit'],
  [/^paged_adamw(_32bit)?$/, 'paged_adamw', { stateBits: 32 }],
  [/^paged_adamw_8bit$/, 'paged_adamw_8bit'],
  [/^(paged_ademamix)(_32bit)?$/, 'paged_ademamix', { stateBits: 32 }],
  [/^(lion|lion_pytorch|flash_lion)$/, 'lion'],
  [/^lion_32bit$/, 'lion', { stateBits: 32 }],
  [/^paged_lion(_32bit)?$/, 'paged_lion', { stateBits: 32 }],
  [/^galore_adamw(_layerwise)?$/, 'galore'],
  [/^(galore_adamw_8bit(_layerwise)?|q_galore_adamw8bit)$/, 'galore_8bit'],
  [/^apollo_adamw(_layerwise)?$/, 'apollo'],
  [/^flash_sgdw?$/, 'sgd'],
  [/^rmsprop(_bnb(_32bit)?)?$/, 'rmsprop'],
  [/^came_pytorch$/, 'came'],
  [/^(muon|dion)$/, 'muon'],
];
