import { layerLinears } from './layerLinears';
import type { Method } from './method';

/** Weights of one e8m0 scale: OCP Microscaling formats 1.0, section 5.2. */
const MX_BLOCK = 32;

/** MXFP4 as gpt-oss stores it: experts alone, packed nibbles and a byte of scale per 32 (`_blocks`, `_scales`). */
export const mxfp4: Method = {
  names: ['mxfp4'],
  reachesFusedExperts: true,
  forModel({ quantization }) {
    const select = layerLinears(quantization);
    return (tensor) => {
      const matrices = tensor.module === 'experts' ? select(tensor) : null;
      if (matrices === null) return null;
      const { count, outputs, inputs } = matrices;
      const blocks = Math.ceil(inputs / MX_BLOCK);
      return { bytes: count * outputs * blocks * (MX_BLOCK / 2 + 1), format: 'MXFP4' };
    };
  },
};
