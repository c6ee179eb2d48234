import { isFloat } from '../units/dtype';
import type { Blueprint, StoredTensor, TensorSpec } from './blueprint';

/** Elements of a shape. */
export function elements(shape: readonly number[]): number {
  let product = 1;
  for (const size of shape) product *= size;
  return product;
}

function counts(tensor: TensorSpec): boolean {
  return tensor.tiedTo === null && (tensor.dtype === null || isFloat(tensor.dtype));
}

/** Elements of the floating-point entries of the library's state dict: saved buffers included, tied ones once. */
export function parameterCount(blueprint: Pick<Blueprint, 'tensors'>): number {
  let total = 0;
  for (const tensor of blueprint.tensors) if (counts(tensor)) total += elements(tensor.shape);
  return total;
}

/** Parameters that one token passes: everything but the experts that its router does not choose. */
export function activeParameterCount(blueprint: Pick<Blueprint, 'tensors'>): number {
  let total = 0;
  for (const tensor of blueprint.tensors) {
    if (!counts(tensor)) continue;
    const share = tensor.experts === null ? 1 : tensor.experts.active / tensor.experts.count;
    total += elements(tensor.shape) * share;
  }
  return Math.round(total);
}

/**
 * The tensors as a checkpoint holds them: experts apart where the library fuses them, tied tensors once, and what is
 * stored but not loaded at the end.
 */
export function checkpointLayout(blueprint: Blueprint): readonly TensorSpec[] {
  const layout: TensorSpec[] = [];
  for (const tensor of [...blueprint.tensors, ...(blueprint.checkpointOnly ?? [])]) {
    if (tensor.tiedTo !== null) continue;
    if (tensor.stored === undefined) layout.push(tensor);
    else for (const form of tensor.stored) pushStored(layout, tensor, form);
  }
  return layout;
}

function pushStored(layout: TensorSpec[], tensor: TensorSpec, form: StoredTensor): void {
  const { dtype, role, layer, component, experts } = tensor;
  const common = { shape: form.shape, dtype, role, layer, component, tiedTo: null, experts };
  if (form.count === null) {
    layout.push({ ...common, name: form.name, module: tensor.module });
    return;
  }
  for (let expert = 0; expert < form.count; expert++)
    layout.push({ ...common, name: form.name.replace('{}', String(expert)), module: 'linear' });
}
