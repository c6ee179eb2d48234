import { layerLinears } from './layerLinears';
import type { Method } from './method';

/** Weights of one e8m0 scale: OCP Microscaling formats 1.0, section 5.2. */
const MX_BLOCK = 32;
/** Weights of one e4m3 scale of NVFP4; ModelOpt adds two fp32 scalars a matrix (weight and input scale). */
const NV_BLOCK = 16;

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

/** NVFP4 as ModelOpt stores it: packed nibbles, an fp8 scale per 16 weights, two fp32 scalars a matrix. */
export const nvfp4: Method = {
  names: ['nvfp4'],
  reachesFusedExperts: true,
  forModel({ quantization }) {
    const select = layerLinears(quantization);
    return (tensor) => {
      const matrices = select(tensor);
      if (matrices === null) return null;
      const { count, outputs, inputs } = matrices;
      const scales = Math.ceil(inputs / NV_BLOCK);
      return { bytes: count * (outputs * (Math.ceil(inputs / 2) + scales) + 8), format: 'NVFP4' };
    };
  },
};
