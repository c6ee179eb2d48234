import type { EngineName } from '../../job/jobDocument';
import type { Blueprint, TensorSpec } from '../../model/blueprint';
import { linearDims, moduleOf } from './tensorDims';

/** What LoRA targets come to on a model whose classes changed between transformers 4 and 5. */
export interface PeftTargets {
  /** Names of modules, as given or with those that moved taken out. */
  readonly modules: readonly string[] | 'all-linear';
  /** Ends of names of bare parameters that get a pair, with the factor of their rank. */
  readonly parameters: ReadonlyMap<string, number>;
  /** Why PEFT stops; null = it does not. */
  readonly refusal: string | null;
}

interface Moved {
  /** Name of a module in transformers 4 -> the parameter that it is in 5. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Modules that became one parameter together. */
  readonly together: readonly [string, string];
}

const mixtral: Moved = {
  parameters: { gate: 'gate.weight', w1: 'gate_up_proj', w3: 'gate_up_proj', w2: 'down_proj' },
  together: ['w1', 'w3'],
};
const qwen: Moved = {
  parameters: {
    gate: 'gate.weight',
    gate_proj: 'gate_up_proj',
    up_proj: 'gate_up_proj',
    down_proj: 'down_proj',
  },
  together: ['gate_proj', 'up_proj'],
};

/** Model types by how their checkpoints are converted (transformers conversion_mapping.py, 5.23). */
const movedBy: Readonly<Record<string, Moved>> = {
  mixtral,
  minimax: mixtral,
  minimax_m2: mixtral,
  ...Object.fromEntries(
    [
      'afmoe',
      'cohere2_moe',
      'deepseek_v2',
      'deepseek_v3',
      'deepseek_v32',
      'dots1',
      'ernie4_5_moe',
      'exaone_moe',
      'flex_olmo',
      'glm4_moe',
      'glm4_moe_lite',
      'glm4v_moe',
      'glm_moe_dsa',
      'hunyuan_v1_moe',
      'longcat_flash',
      'olmoe',
      'qwen2_moe',
      'qwen3_moe',
      'qwen3_next',
      'qwen3_omni_moe',
      'solar_open',
    ].map((name) => [name, qwen]),
  ),
};

/** Engines that train adapters through PEFT, and whether they hand it `all-linear` as a word or the modules that they found. */
const byPeft: Readonly<Partial<Record<EngineName, 'word' | 'list'>>> = {
  transformers: 'word',
  axolotl: 'list',
  'llama-factory': 'list',
  unsloth: 'list',
  deepspeed: 'word',
};

/**
 * LoRA targets as PEFT takes them under transformers 5 (peft/utils/transformers_weight_conversion.py, `_convert_peft_config_moe`; since
 * 0.19 for lists, 0.20 for `all-linear`): in models whose experts were fused, the names of the experts' matrices and of the router stand
 * for the parameters that they became, and for no other module any more; the pair of gate and up has twice the rank. A name that is a
 * parameter's itself (`target_parameters`) is one.
 */
export function peftTargets(
  blueprint: Blueprint,
  targets: readonly string[] | 'all-linear',
  engine: EngineName | null,
): PeftTargets {
  const handed = engine === null ? undefined : byPeft[engine];
  const parameters = new Map<string, number>();
  const fused = blueprint.tensors.filter(({ module }) => module === 'experts');
  if (targets !== 'all-linear')
    for (const target of targets)
      // A single name is a module's: a parameter is named with what holds it.
      if (target.includes('.') && fused.some(({ name }) => endsWith(name, target))) parameters.set(target, 1);
  const moved = Object.hasOwn(movedBy, blueprint.modelType) ? movedBy[blueprint.modelType] : undefined;
  const asIs = { modules: targets, parameters, refusal: null };
  if (handed === undefined || moved === undefined || fused.length === 0) return asIs;

  const names = targets === 'all-linear' ? linearNames(blueprint) : targets;
  const all =
    targets === 'all-linear' && handed === 'word' ? [...names, ...Object.keys(moved.parameters)] : names;
  const kept: string[] = [];
  const met = new Set<string>();
  for (const name of new Set(all)) {
    const old = Object.keys(moved.parameters).find((each) => endsWith(name, each));
    if (old === undefined || parameters.has(name)) {
      kept.push(name);
      continue;
    }
    met.add(old);
    parameters.set(moved.parameters[old] ?? name, 1);
  }
  const present = moved.together.filter((name) => met.has(name));
  if (present.length === 2) parameters.set('gate_up_proj', 2);
  const [one] = present;
  const refusal =
    present.length === 1 && one !== undefined
      ? `PEFT refuses LoRA on ${one} alone: transformers 5 keeps ${moved.together.join(' and ')} of the experts in one parameter`
      : null;
  return { modules: kept, parameters, refusal };
}

/** Last names of the linear modules but the output layer's. */
function linearNames({ tensors }: Blueprint): readonly string[] {
  return tensors
    .filter((tensor) => linearDims(tensor) !== null && tensor.module !== 'matrix' && tensor.role !== 'head')
    .map((tensor) => moduleOf(tensor).replace(/^.*\./u, ''));
}

/** The factor of the rank that a tensor's parameter is targeted with; null = it is not. */
export function parameterRank(
  { name, module }: TensorSpec,
  parameters: PeftTargets['parameters'],
): number | null {
  if (module !== 'experts' && module !== 'matrix') return null;
  for (const [end, factor] of parameters) if (endsWith(name, end)) return factor;
  return null;
}

function endsWith(name: string, end: string): boolean {
  return name === end || name.endsWith(`.${end}`);
}
