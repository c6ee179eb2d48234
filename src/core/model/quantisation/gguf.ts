import type { TensorSpec } from '../blueprint';
import { ggmlBytes, ggmlType, type GgmlTypeName } from '../ggmlTypes';
import { elements } from '../parameters';
import { ggufLayout } from './ggufLayout';
import { ggufMix, mixTypes, needsImportanceMatrix } from './ggufMix';
import type { Method, StoredForm } from './method';

const nothing: StoredForm = { bytes: 0, format: 'not converted' };

/**
 * GGUF under one of llama.cpp's mixes: the converter's file put through its quantiser, type by type. Tied output layers
 * are not written. Mixes that cannot be made without an importance matrix have one. Experts that the checkpoint has in MXFP4
 * stay in it under every mix: the converter copies the blocks (conversion/gpt_oss.py), and the quantiser refuses to put what is
 * quantised into another type (llama-quant.cpp, allow_requantize).
 */
export const gguf: Method = {
  names: ['gguf'],
  reachesFusedExperts: true,
  assumption: ({ type }) =>
    type === undefined || ggufMix(type) !== null
      ? null
      : `${type.slice(0, 60)} is no mix of llama.cpp's: weights counted as Q4_K_M`,
  forModel({ blueprint, quantization }) {
    const mix = ggufMix(quantization.type ?? 'Q4_K_M') ?? 'Q4_K_M';
    const { facts, tensors } = ggufLayout(blueprint);
    const types = mixTypes(mix, facts, tensors, quantization.imatrix ?? needsImportanceMatrix(mix));
    const forms = new Map<TensorSpec, StoredForm>();
    const copied = blueprint.quantization?.method === 'mxfp4';
    for (const [index, { source, shape, type }] of tensors.entries()) {
      const chosen = copied && isMatrixOfExperts(source) ? 'MXFP4' : (types[index] ?? type);
      const before = forms.get(source);
      const bytes = tensorBytes(chosen, shape);
      forms.set(
        source,
        before === undefined
          ? { bytes, format: chosen }
          : {
              bytes: before.bytes + bytes,
              format: before.format === chosen ? chosen : `${before.format}, ${chosen}`,
            },
      );
    }
    return (tensor) => forms.get(tensor) ?? nothing;
  },
};

function isMatrixOfExperts({ module, shape }: TensorSpec): boolean {
  return module === 'experts' && shape.length === 3;
}

function tensorBytes(name: GgmlTypeName, shape: readonly number[]): number {
  const type = ggmlType(name);
  const count = elements(shape);
  return ggmlBytes(type, shape.at(-1) ?? 1, count) ?? (count * type.blockBytes) / type.blockElements;
}
