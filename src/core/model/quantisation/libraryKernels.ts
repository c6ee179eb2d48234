import { dtypeBytes } from '../../units/dtype';
import type { Matrices, Method, MethodContext } from './method';
import { convertedModules, everyLinear } from './transformersModules';

/** A method of transformers whose linear modules hold `bytes`; it passes fused experts by. */
function replacedLinears(
  name: string,
  format: string,
  bytes: (matrices: Matrices, context: MethodContext) => number,
): Method {
  return {
    names: [name],
    reachesFusedExperts: false,
    forModel(context) {
      const select = convertedModules(context, everyLinear);
      return (tensor) => {
        const matrices = select(tensor);
        return matrices === null ? null : { bytes: matrices.count * bytes(matrices, context), format };
      };
    },
  };
}

/** EETQ: int8 and an fp16 scale per output (transformers integrations/eetq.py). */
export const eetq = replacedLinears('eetq', 'int8', ({ outputs, inputs }) => outputs * inputs + 2 * outputs);

/** FBGEMM's FP8: an fp32 scale per output and the fp32 bound of the inputs (transformers integrations/fbgemm_fp8.py). */
export const fbgemm = replacedLinears(
  'fbgemm-fp8',
  'FP8',
  ({ outputs, inputs }) => outputs * inputs + 4 * outputs + 4,
);

/** BitNet: four ternary weights a byte and one scale (transformers integrations/bitnet.py, `BitLinear`). */
export const bitnet = replacedLinears(
  'bitnet',
  'ternary',
  ({ outputs, inputs }, { dtype }) => Math.floor(outputs / 4) * inputs + dtypeBytes(dtype),
);

/** HIGGS: 16-bit words along the outputs, a scale per group and two tables a matrix (transformers integrations/higgs.py). */
export const higgs = replacedLinears('higgs', 'HIGGS', ({ outputs, inputs }, { quantization, dtype }) => {
  const bits = quantization.bits ?? 4;
  const codes = 2 * Math.floor((outputs * bits) / 16) * inputs;
  const scales = outputs * Math.floor(inputs / (quantization.groupSize ?? 256));
  return codes + dtypeBytes(dtype) * (scales + 2 ** bits + 2 * 4 ** bits);
});

/** Apple's kernels in transformers: packed words, an fp32 scale and bias per group (integrations/metal_quantization.py). */
export const metal = replacedLinears('metal', 'affine', ({ outputs, inputs }, { quantization }) => {
  const groups = Math.floor(inputs / (quantization.groupSize ?? 64));
  return outputs * (4 * Math.ceil((inputs * (quantization.bits ?? 4)) / 32) + 8 * groups);
});

/** Codes are kept in at most 16 bits. */
const LONGEST_CODE = 16;

/**
 * AQLM: `codebooks` codes per group of inputs, the codebooks and a scale per output (AQLM's inference.py, `QuantizedLinear`; the
 * checkpoint's `nbits_per_codebook`, `num_codebooks`, `in_group_size`).
 */
export const aqlm = replacedLinears('aqlm', 'AQLM', ({ outputs, inputs }, { quantization, dtype }) => {
  const group = quantization.groupSize ?? 8;
  const codebooks = quantization.codebooks ?? 1;
  const codeBits = Math.min(LONGEST_CODE, ((quantization.bits ?? 2) * group) / codebooks);
  const codes = outputs * Math.ceil(inputs / group) * codebooks * (codeBits <= 8 ? 1 : 2);
  return codes + dtypeBytes(dtype) * (codebooks * 2 ** codeBits * group + outputs);
});
