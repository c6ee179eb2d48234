import type { Blueprint, TensorSpec } from '../../model/blueprint';

/** Elements of a tensor. */
export function elementsOf(tensor: TensorSpec): number {
  return tensor.shape.reduce((product, size) => product * size, 1);
}

/** Input and output width of a matrix that tokens are multiplied with: torch keeps [out, in], GPT-2's Conv1D [in, out]. null for anything else. */
export function linearDims(tensor: TensorSpec): { readonly input: number; readonly output: number } | null {
  if (!isMatrix(tensor)) return null;
  const [first, second, ...rest] = tensor.shape;
  if (first === undefined || second === undefined || rest.length > 0) return null;
  return tensor.module === 'conv1d' ? { input: first, output: second } : { input: second, output: first };
}

function isMatrix({ module }: TensorSpec): boolean {
  return module === 'linear' || module === 'derived' || module === 'matrix' || module === 'conv1d';
}

/** Module path of a parameter: its name without the last part. */
export function moduleOf(tensor: TensorSpec): string {
  const dot = tensor.name.lastIndexOf('.');
  return dot === -1 ? tensor.name : tensor.name.slice(0, dot);
}

/** Whether a layer or tensor belongs to what runs over text, where a model has such a part; else to the whole model. */
export function runsOverText(blueprint: Blueprint): (part: { readonly component: string }) => boolean {
  const hasText = blueprint.layers.some((layer) => layer.component === 'text');
  return ({ component }) => !hasText || component === 'text';
}
