import { dtypeBytes } from '../../units/dtype';
import { elements } from '../parameters';
import { matricesOf, type Method, moduleOf, skipMatcher } from './method';

/** Bits that one weight takes once packed: 3-bit values go ten to an int32, 5 and 6 bits take a byte (hqq core/quantize.py). */
const packedBits: Readonly<Record<number, number>> = { 8: 8, 6: 8, 5: 8, 4: 4, 3: 3.2, 2: 2, 1: 1 };

/** HQQ: packed weights, and a scale and a zero per group in the compute type. Every linear layer but the output layer. */
export const hqq: Method = {
  names: ['hqq'],
  reachesFusedExperts: false,
  forModel({ quantization, dtype }) {
    const skip = skipMatcher(quantization.skip ?? []);
    const bits = quantization.bits ?? 4;
    const group = quantization.groupSize ?? 64;
    return (tensor) => {
      if (tensor.role === 'head' || tensor.module !== 'linear') return null;
      if (matricesOf(tensor) === null || skip(moduleOf(tensor))) return null;
      const weights = elements(tensor.shape);
      const packed = Math.ceil((weights * (packedBits[bits] ?? bits)) / 8);
      const groups = Math.ceil(weights / group);
      return { bytes: packed + 2 * groups * dtypeBytes(dtype), format: `HQQ ${bits}-bit` };
    };
  },
};
