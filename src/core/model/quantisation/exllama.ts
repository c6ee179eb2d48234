import { matricesOf, type Method } from './method';

/** Bits of the output layer when nothing else is asked for (exllamav2 convert.py; exllamav3 conversion/convert_model.py). */
const HEAD_BITS = 6;
/** EXL3 pads both sides of a matrix to its Hadamard transform's width (exllamav3 modules/linear.py). */
const HADAMARD = 128;

/**
 * EXL2 and EXL3: an average number of bits over the linear modules of the layers, and other bits for the output layer. EXL2's bits
 * count its scales and orders; EXL3 adds fp16 signs per input and per output (`suh`, `svh`) and a marker of its codebook. Routers and
 * embeddings stay.
 */
export const exllama: Method = {
  names: ['exl2', 'exl3'],
  reachesFusedExperts: true,
  assumption: ({ method, bits }) =>
    bits === undefined
      ? `${method} without bits: weights counted at 4 bits`
      : `${method} chooses bits per tensor: weights counted at the average of ${bits}`,
  forModel({ quantization }) {
    const bits = quantization.bits ?? 4;
    const headBits = quantization.headBits ?? Math.max(bits, HEAD_BITS);
    const padded = (size: number): number => Math.ceil(size / HADAMARD) * HADAMARD;
    return (tensor) => {
      const matrices = tensor.component === 'vision' || tensor.role === 'router' ? null : matricesOf(tensor);
      const used = tensor.role === 'head' ? headBits : bits;
      if (matrices === null || used >= 16 || (tensor.layer === null && tensor.role !== 'head')) return null;
      const { count, outputs, inputs } = matrices;
      const bytes =
        quantization.method === 'exl3'
          ? Math.ceil((padded(outputs) * padded(inputs) * used) / 8) +
            2 * (padded(outputs) + padded(inputs)) +
            4
          : Math.ceil((outputs * inputs * used) / 8);
      return { bytes: count * bytes, format: `${used} bpw` };
    };
  },
};
