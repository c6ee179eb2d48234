import { ADAPTER_COMPONENT, type LoraConfig } from '../../model/adapter';
import type { Blueprint, TensorSpec } from '../../model/blueprint';
import { loraPairs, savedModules } from './adapters';
import { moduleOf } from './tensorDims';

/** What PEFT puts before the base model's names (peft/peft_model.py, base_model; tuners/tuners_utils.py, model). */
const PREFIX = 'base_model.model.';

/**
 * The tensors that an adapter's config gives over its base model, under PEFT's names: A [rank, in], B [out, rank], DoRA's
 * magnitudes, and copies of the modules that are saved with it. In fp32, which PEFT trains adapters in unless told
 * otherwise (`autocast_adapter_dtype`).
 */
export function peftTensors(base: Blueprint, lora: LoraConfig): readonly TensorSpec[] {
  const setting = {
    rank: lora.rank,
    targets: targetsIn(base, lora.targets),
    modulesToSave: lora.modulesToSave,
  };
  const tensors: TensorSpec[] = [];
  for (const { tensor, input, output, magnitude } of loraPairs(base, setting, lora.dora)) {
    const module = moduleOf(tensor);
    if (lora.excluded.some((name) => isNamed(module, name))) continue;
    if (lora.layers !== null && (tensor.layer === null || !lora.layers.includes(tensor.layer))) continue;
    const rank = Object.entries(lora.ranks).find(([name]) => isNamed(module, name))?.[1] ?? lora.rank;
    const path = PREFIX + module;
    tensors.push(of(`${path}.lora_A.weight`, [rank, input]), of(`${path}.lora_B.weight`, [output, rank]));
    if (magnitude) tensors.push(of(`${path}.lora_magnitude_vector`, [output]));
  }
  for (const tensor of savedModules(base, setting)) tensors.push(of(PREFIX + tensor.name, tensor.shape));
  return tensors;
}

function of(name: string, shape: readonly number[]): TensorSpec {
  return {
    name,
    shape,
    dtype: 'f32',
    role: 'other',
    module: 'parameter',
    layer: null,
    component: ADAPTER_COMPONENT,
    tiedTo: null,
    experts: null,
  };
}

/** A regular expression stands for the modules that it matches from end to end, as PEFT's `re.fullmatch` does. */
function targetsIn(base: Blueprint, targets: LoraConfig['targets']): readonly string[] | 'all-linear' {
  if (typeof targets === 'string' || !('pattern' in targets)) return targets;
  const pattern = new RegExp(`^(?:${targets.pattern})$`, 'u');
  return [...new Set(base.tensors.map(moduleOf))].filter((module) => pattern.test(module));
}

function isNamed(module: string, name: string): boolean {
  return module === name || module.endsWith(`.${name}`);
}
