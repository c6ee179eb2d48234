import type { Dtype } from '../../units/dtype';
import type { Blueprint, Quantization, TensorSpec } from '../blueprint';

/** How a method stores one tensor: bytes with all scales and zeros, and the format's name for people. */
export interface StoredForm {
  readonly bytes: number;
  readonly format: string;
}

export interface MethodContext {
  readonly blueprint: Blueprint;
  readonly quantization: Quantization;
  /** dtype of what is not quantised. */
  readonly dtype: Dtype;
}

/** A quantisation method: what it makes of each tensor. One file each; `weightBytes` has the list. */
export interface Method {
  /** Names as in the job document and in `quantization_config`. */
  readonly names: readonly string[];
  /** Whether it reaches experts that the library keeps in one fused parameter. */
  readonly reachesFusedExperts: boolean;
  /** What the settings leave to assume, in a sentence; null or absent = nothing. */
  readonly assumption?: (quantization: Quantization) => string | null;
  /** For one model: a function that gives the stored form of a tensor, or null where the method leaves it alone. */
  readonly forModel: (context: MethodContext) => (tensor: TensorSpec) => StoredForm | null;
}

/** A weight as the matrices that a method sees: `count` of them, each `outputs` × `inputs`. */
export interface Matrices {
  readonly count: number;
  readonly outputs: number;
  readonly inputs: number;
}

/** The matrices of a Linear, a Conv1D or of stacked experts; null for anything else (biases, norms, embeddings). */
export function matricesOf(tensor: TensorSpec): Matrices | null {
  const { shape } = tensor;
  if (tensor.module === 'experts' && shape.length === 3) {
    const [count = 0, first = 0, second = 0] = shape;
    const [outputs, inputs] = tensor.inputsFirst === true ? [second, first] : [first, second];
    // gate and up are two matrices in checkpoints even where the library runs them as one.
    return tensor.role === 'gateUp'
      ? { count: 2 * count, outputs: outputs / 2, inputs }
      : { count, outputs, inputs };
  }
  if (shape.length !== 2) return null;
  const [first = 0, second = 0] = shape;
  if (tensor.module === 'conv1d') return { count: 1, outputs: second, inputs: first };
  if (tensor.module !== 'linear') return null;
  return tensor.inputsFirst === true
    ? { count: 1, outputs: second, inputs: first }
    : { count: 1, outputs: first, inputs: second };
}

/** Name of the module that holds a tensor. */
export function moduleOf(tensor: TensorSpec): string {
  return tensor.name.replace(/\.(weight|bias)$/, '');
}

/**
 * Whether a module is named by one of the patterns, as transformers decides it (quantizers/quantizers_utils.py,
 * `should_convert_module`): from the start up to a module's end, or as a suffix. `*` and `.*` stand for anything, a
 * leading `re:` (compressed-tensors) marks an expression; expressions beyond that are taken literally.
 */
export function skipMatcher(patterns: readonly string[]): (module: string) => boolean {
  const exact = new Set<string>();
  const wild: RegExp[] = [];
  for (const written of patterns) {
    const pattern = written.replace(/^re:/, '').replace(/^\^|\$$/g, '');
    if (pattern === '') continue;
    if (/[*]/.test(pattern)) wild.push(wildcard(pattern));
    else exact.add(pattern.replaceAll('\\.', '.'));
  }
  return (module) => {
    if (exact.has(module)) return true;
    for (const pattern of exact) {
      if (module.endsWith(pattern)) return true;
      if (module.startsWith(pattern) && (pattern.endsWith('.') || module[pattern.length] === '.'))
        return true;
    }
    return wild.some((expression) => expression.test(module));
  };
}

/** A glob as an expression that cannot backtrack badly: runs of anything, and the rest literally. */
function wildcard(pattern: string): RegExp {
  const parts = pattern
    .replaceAll('\\.', '.')
    .split(/\.?\*+/)
    .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  const body = parts.slice(0, 9).join('.*');
  return new RegExp(`(?:^|\\.)${body}(?:$|\\.)`);
}
