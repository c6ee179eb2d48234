import type { Blueprint, TensorSpec } from '../blueprint';
import { matricesOf, type Matrices, type MethodContext } from './method';
import { moduleOf, skipMatcher } from './modulePatterns';

/** Module kinds that a transformers quantizer takes for linear layers. */
export interface LinearKinds {
  /** Classes that derive from torch.nn.Linear too. */
  readonly derived: boolean;
  /** GPT-2's Conv1D. */
  readonly conv1d: boolean;
}

/** Modules that a class never gives away (`_keep_in_fp32_modules` of the classes, transformers 5.23). */
const keptByClass: Readonly<Record<string, readonly string[]>> = {
  t5: ['wo'],
  mt5: ['wo'],
  umt5: ['wo'],
  deepseek_v32: ['indexer.weights_proj'],
  glm_moe_dsa: ['indexer.weights_proj'],
  deepseek_v4: [
    'self_attn.compressor.gate_proj',
    'self_attn.compressor.indexer.gate_proj',
    'self_attn.compressor.indexer.kv_proj',
    'self_attn.compressor.indexer.scorer.weights_proj',
    'self_attn.compressor.kv_proj',
  ],
};

/** Names of the modules that a class keeps unquantised whatever the config says. */
export function keptModules(modelType: string): readonly string[] {
  return keptByClass[modelType] ?? [];
}

/**
 * The matrices that a quantizer of transformers converts when it looks for linear modules (quantizers/base.py,
 * `get_modules_to_not_convert`): not those that the config names; where it names none (`alwaysKeeps`: in any case) not the output
 * layer, what is tied, and the module of the last parameter. Experts are given as they are: the method says whether it reaches them.
 */
export function convertedModules(
  { blueprint, quantization }: MethodContext,
  kinds: LinearKinds,
  alwaysKeeps = false,
): (tensor: TensorSpec) => Matrices | null {
  const named = quantization.skip ?? [];
  const listed = skipMatcher([...named, ...keptModules(blueprint.modelType)]);
  const kept = named.length === 0 || alwaysKeeps ? keptByDefault(blueprint) : new Set<string>();
  return (tensor) => {
    const { module } = tensor;
    const wanted =
      module === 'linear' ||
      module === 'experts' ||
      (module === 'derived' && kinds.derived) ||
      (module === 'conv1d' && kinds.conv1d);
    const matrices = wanted ? matricesOf(tensor) : null;
    return matrices === null || kept.has(moduleOf(tensor)) || listed.matches(tensor) ? null : matrices;
  };
}

/** quantizers/base.py, `get_keys_to_not_convert`. */
function keptByDefault(blueprint: Blueprint): ReadonlySet<string> {
  const kept = new Set<string>();
  for (const tensor of blueprint.tensors) {
    if (tensor.role === 'head') kept.add(moduleOf(tensor));
    if (tensor.tiedTo !== null) kept.add(moduleOf(tensor)).add(tensor.tiedTo.replace(/\.weight$/, ''));
  }
  const last = blueprint.tensors.findLast((tensor) => tensor.module !== 'buffer' && tensor.tiedTo === null);
  if (last?.name.endsWith('.weight') === true) kept.add(moduleOf(last));
  return kept;
}

/** Kinds that most quantizers replace. */
export const everyLinear: LinearKinds = { derived: true, conv1d: false };
