import { layerLinears } from './layerLinears';
import type { Method } from './method';

/**
 * FP8 weights, one byte each, with fp32 scales: one per block where the checkpoint has a block shape (transformers
 * integrations/finegrained_fp8.py, `weight_scale_inv`), else one per matrix.
 */
export const fp8: Method = {
  names: ['fp8'],
  reachesFusedExperts: true,
  forModel({ quantization }) {
    const select = layerLinears(quantization);
    const block = quantization.blockShape ?? null;
    return (tensor) => {
      const matrices = select(tensor);
      if (matrices === null) return null;
      const { count, outputs, inputs } = matrices;
      const scales = block === null ? 1 : Math.ceil(outputs / block[0]) * Math.ceil(inputs / block[1]);
      return { bytes: count * (outputs * inputs + 4 * scales), format: 'FP8' };
    };
  },
};
