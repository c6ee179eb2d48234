import { elements } from '../parameters';
import { layerLinears } from './layerLinears';
import { matricesOf, type Method } from './method';

/** Bits of the output layer when nothing else is asked for (exllamav2 convert.py and exllamav3: `head_bits` 6). */
const HEAD_BITS = 6;

/** EXL2 and EXL3: an average number of bits over the matrices of the layers, scales included, and 6 bits for the output. */
export const exllama: Method = {
  names: ['exl2', 'exl3'],
  reachesFusedExperts: true,
  forModel({ quantization }) {
    const select = layerLinears(quantization);
    const bits = quantization.bits ?? 4;
    return (tensor) => {
      const head = tensor.role === 'head' && matricesOf(tensor) !== null;
      if (!head && select(tensor) === null) return null;
      const used = head ? Math.max(bits, HEAD_BITS) : bits;
      return { bytes: Math.ceil((elements(tensor.shape) * used) / 8), format: `${used} bpw` };
    };
  },
};
