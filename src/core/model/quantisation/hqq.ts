import { dtypeBytes } from '../../units/dtype';
import { matricesOf, type Method } from './method';
import { skipMatcher } from './modulePatterns';
import { overrideFor } from './overrides';

/** Values that one packed element of `bytes` bytes holds; 5 and 6 bits take a byte (hqq core/quantize.py, `bit_to_packing`). */
const packing: Readonly<Record<number, { readonly values: number; readonly bytes: number }>> = {
  8: { values: 1, bytes: 1 },
  6: { values: 1, bytes: 1 },
  5: { values: 1, bytes: 1 },
  4: { values: 2, bytes: 1 },
  3: { values: 10, bytes: 4 },
  2: { values: 4, bytes: 1 },
  1: { values: 8, bytes: 1 },
};

/**
 * HQQ: weights as rows of one group each, packed along the groups, with a scale and a zero per group in the compute type (hqq
 * core/quantize.py, `Quantizer.quantize`). Every linear layer but the output layer and those that are named.
 */
export const hqq: Method = {
  names: ['hqq'],
  reachesFusedExperts: false,
  forModel({ quantization, dtype }) {
    const skip = skipMatcher(quantization.skip ?? []);
    const override = overrideFor(quantization);
    return (tensor) => {
      const plain = tensor.module === 'linear' || tensor.module === 'derived' || tensor.module === 'experts';
      const matrices = tensor.role === 'head' || !plain ? null : matricesOf(tensor);
      if (matrices === null || skip.matches(tensor)) return null;
      const own = override(tensor);
      const bits = own?.bits ?? quantization.bits ?? 4;
      const { count, outputs, inputs } = matrices;
      const size = own === null ? quantization.groupSize : own.groupSize;
      const group = size === null ? inputs : (size ?? 64);
      const groups = Math.ceil((outputs * inputs) / group);
      const { values, bytes } = packing[bits] ?? { values: 8 / bits, bytes: 1 };
      // Three-bit values are packed ten to a word along the groups, the last word filled up.
      const packed = Math.ceil(groups / values) * bytes * group;
      return { bytes: count * (packed + 2 * groups * dtypeBytes(dtype)), format: `HQQ ${bits}-bit` };
    };
  },
};
