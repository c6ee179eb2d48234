import type { Blueprint, TensorSpec } from '../../model/blueprint';
import type { EngineName, LoraSetting } from '../../job/jobDocument';
import { parameterRank, peftTargets } from './peftTargets';
import { linearDims, moduleOf } from './tensorDims';

/** One low-rank pair beside a linear module. A fused matrix can carry several, one per slice. */
export interface LoraPair {
  readonly tensor: TensorSpec;
  readonly rank: number;
  readonly input: number;
  readonly output: number;
  /** Weight decomposition: one magnitude per output. */
  readonly magnitude: boolean;
}

/** Elements of a pair: A is [rank, in], B is [out, rank] (Hu et al. 2021, section 4.1); DoRA adds a vector of `out`. */
export function pairElements(pair: LoraPair): number {
  return pair.rank * (pair.input + pair.output) + (pair.magnitude ? pair.output : 0);
}

/** Roles that a target of the job document stands for. */
const rolesOf: Readonly<Record<string, readonly string[]>> = {
  q_proj: ['q', 'qkv'],
  k_proj: ['k', 'qkv'],
  v_proj: ['v', 'qkv'],
  o_proj: ['o'],
  gate_proj: ['gate', 'gateUp'],
  up_proj: ['up', 'gateUp'],
  down_proj: ['down'],
  lm_head: ['head'],
};

/**
 * The pairs that a LoRA setting adds: exact from the shapes. Linear modules take one, and bare parameters that the targets come to under
 * the engine (`peftTargets`); a router of a bare matrix does not by itself. Targets are module names or their suffixes as in PEFT
 * (`peft/tuners/tuners_utils.py`, check_target_module_exists), or roles; `all-linear` is every linear module but the output
 * head (`_maybe_include_all_linear_layers`). A role inside a fused matrix adapts that slice alone, as litgpt and torchtune do.
 */
export function loraPairs(
  blueprint: Blueprint,
  lora: LoraSetting,
  dora: boolean,
  engine: EngineName | null = null,
): readonly LoraPair[] {
  const { modules, parameters, refusal } = peftTargets(blueprint, lora.targets, engine);
  if (refusal !== null) return [];
  const main = mainComponent(blueprint);
  const pairs: LoraPair[] = [];
  for (const tensor of blueprint.tensors) {
    if (tensor.component !== main) continue;
    const factor = parameterRank(tensor, parameters);
    if (factor !== null) {
      const [rows = 0, columns = 0] = tensor.shape.slice(-2);
      const [input, output] = tensor.inputsFirst === true ? [rows, columns] : [columns, rows];
      // One matrix of each kind for all experts, each with rows of its own in them (peft/tuners/lora/layer.py, `ParamWrapper`).
      const experts = tensor.shape.length === 3 ? (tensor.shape[0] ?? 1) : 1;
      pairs.push({ tensor, rank: lora.rank * factor * experts, input, output, magnitude: false });
      continue;
    }
    const dims = linearDims(tensor);
    if (dims === null || tensor.module === 'matrix') continue;
    for (const output of adaptedOutputs(blueprint, tensor, dims.output, modules))
      pairs.push({ tensor, rank: lora.rank, input: dims.input, output, magnitude: dora });
  }
  return pairs;
}

/** Tensors that `modulesToSave` copies and trains in full. */
export function savedModules(blueprint: Blueprint, lora: LoraSetting): readonly TensorSpec[] {
  if (lora.modulesToSave.length === 0) return [];
  return blueprint.tensors.filter((tensor) =>
    lora.modulesToSave.some((name) => endsWithModule(moduleOf(tensor), name)),
  );
}

function adaptedOutputs(
  blueprint: Blueprint,
  tensor: TensorSpec,
  output: number,
  targets: LoraSetting['targets'],
): readonly number[] {
  if (targets === 'all-linear') return tensor.role === 'head' ? [] : [output];
  const module = moduleOf(tensor);
  if (targets.some((target) => endsWithModule(module, target))) return [output];
  const slices: number[] = [];
  for (const target of targets.flatMap((name) =>
    name === 'mlp' ? ['gate_proj', 'up_proj', 'down_proj'] : [name],
  )) {
    if (rolesOf[target]?.includes(tensor.role) !== true) continue;
    slices.push(sliceOf(blueprint, tensor, target, output));
  }
  return slices;
}

/** Output width of the slice of a fused matrix that a role names. */
function sliceOf(blueprint: Blueprint, tensor: TensorSpec, target: string, output: number): number {
  if (tensor.role === 'gateUp') return output / 2;
  if (tensor.role !== 'qkv') return output;
  const attention = blueprint.layers.find((layer) => layer.index === tensor.layer)?.attention;
  if (!attention) return output / 3;
  if (target === 'q_proj') return attention.queryHeads * attention.keyDim;
  return attention.kvHeads * (target === 'k_proj' ? attention.keyDim : attention.valueDim);
}

function endsWithModule(module: string, name: string): boolean {
  return module === name || module.endsWith(`.${name}`);
}

function mainComponent(blueprint: Blueprint): string {
  const generating = blueprint.layers.find(
    (layer) => layer.attention?.causal === true || layer.recurrent !== null,
  );
  return (generating ?? blueprint.layers[0])?.component ?? 'text';
}
