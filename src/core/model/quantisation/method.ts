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
  /** Whether it takes classes that derive from torch.nn.Linear for linear modules; absent = yes. */
  readonly reachesDerived?: boolean;
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

/** The matrices of a linear module, a Conv1D or of stacked experts; null for anything else (biases, norms, embeddings, routers). */
export function matricesOf(tensor: TensorSpec): Matrices | null {
  const { shape, module } = tensor;
  if (module === 'experts' && shape.length === 3) {
    const [count = 0, first = 0, second = 0] = shape;
    const [outputs, inputs] = tensor.inputsFirst === true ? [second, first] : [first, second];
    // gate and up are two matrices in checkpoints even where the library runs them as one.
    return tensor.role === 'gateUp'
      ? { count: 2 * count, outputs: outputs / 2, inputs }
      : { count, outputs, inputs };
  }
  if (shape.length !== 2) return null;
  const [first = 0, second = 0] = shape;
  if (module === 'conv1d') return { count: 1, outputs: second, inputs: first };
  if (module !== 'linear' && module !== 'derived') return null;
  return tensor.inputsFirst === true
    ? { count: 1, outputs: second, inputs: first }
    : { count: 1, outputs: first, inputs: second };
}

/** The part of a matrix that shares one scale: rows × inputs; null = all of them. */
export interface ScaleShape {
  readonly rows: number | null;
  readonly inputs: number | null;
}

/** Scales of one matrix; a shape that it does not fill counts as a whole one. */
export function scalesOf({ outputs, inputs }: Matrices, shape: ScaleShape): number {
  const along = (size: number, part: number | null): number =>
    part === null || part <= 0 || part >= size ? 1 : Math.ceil(size / part);
  return along(outputs, shape.rows) * along(inputs, shape.inputs);
}
