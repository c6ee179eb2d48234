import { optimizerSetting } from './completeJob';
import type { OptimizerSetting } from './jobDocument';

/**
 * The optimizer that a name of Hugging Face's `OptimizerNames` (transformers `training_args.py`), of torchao or of
 * axolotl's own list stands for: the family by the job document's name, with what its states are kept in.
 */
export function optimizerByName(written: string): OptimizerSetting {
  const name = written.trim().toLowerCase();
  for (const [pattern, family, fields] of names) {
    if (pattern.test(name)) return optimizerSetting(family, { implementation: written, ...fields });
  }
  return optimizerSetting(name, { implementation: written });
}

const names: readonly (readonly [RegExp, string, Partial<OptimizerSetting>])[] = [
  [
    /^(adamw_torch|adamw_torch_fused|adamw_torch_xla|adamw_torch_npu_fused|adamw_hf|adamw_apex_fused|adamw|adamw_anyprecision|optimi_adamw|adopt_adamw|adamc|grokadamw|stable_adamw)$/,
    'adamw',
    {},
  ],
  [/^(adamw_8bit|adamw_bnb_8bit)$/, 'adamw_8bit', { stateBits: 8 }],
  [/^(adamw_torch_8bit|ao_adamw_8bit|ao_adamw_fp8)$/, 'adamw_8bit', { stateBits: 8 }],
  [/^(adamw_torch_4bit|ao_adamw_4bit)$/, 'adamw_4bit', { stateBits: 4 }],
  [/^paged_adamw(_32bit)?$/, 'paged_adamw', { stateBits: 32, paged: true }],
  [/^paged_adamw_8bit$/, 'paged_adamw_8bit', { stateBits: 8, paged: true }],
  [/^ademamix$/, 'ademamix', {}],
  [/^ademamix_8bit$/, 'ademamix', { stateBits: 8 }],
  [/^paged_ademamix(_32bit)?$/, 'ademamix', { stateBits: 32, paged: true }],
  [/^paged_ademamix_8bit$/, 'ademamix', { stateBits: 8, paged: true }],
  [/^(lion_32bit|lion_pytorch|lion)$/, 'lion', { stateBits: 32 }],
  [/^lion_8bit$/, 'lion', { stateBits: 8 }],
  [/^paged_lion(_32bit)?$/, 'lion', { stateBits: 32, paged: true }],
  [/^paged_lion_8bit$/, 'lion', { stateBits: 8, paged: true }],
  [/^galore_adamw(_layerwise)?$/, 'galore', {}],
  [/^(galore_adamw_8bit(_layerwise)?|q_galore_adamw8bit)$/, 'galore', { stateBits: 8 }],
  [/^apollo_adamw(_layerwise)?$/, 'apollo', {}],
  [/^schedule_free_(adamw|radam)$/, 'adamw', {}],
  [/^schedule_free_sgd$/, 'sgd', {}],
  [/^flash_adamw?$/, 'adamw', {}],
  [/^flash_sgdw?$/, 'sgd', {}],
  [/^flash_lion$/, 'lion', {}],
  [/^rmsprop_bnb_8bit$/, 'rmsprop', { stateBits: 8 }],
  [/^rmsprop(_bnb(_32bit)?)?$/, 'rmsprop', {}],
  [/^came_pytorch$/, 'came', {}],
  [/^(muon|dion)$/, 'muon', {}],
];
