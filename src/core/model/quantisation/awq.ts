import { groupsOf, layerLinears } from './layerLinears';
import type { Method } from './method';

/**
 * AWQ in its GEMM layout (autoawq modules/linear/gemm.py): int32 `qweight` [in, out / 8], `qzeros` [groups, out / 8] and fp16
 * `scales` [groups, out]. Linear layers within the layers are converted, the output layer is not.
 */
export const awq: Method = {
  names: ['awq'],
  reachesFusedExperts: true,
  forModel({ quantization }) {
    const select = layerLinears(quantization);
    const bits = quantization.bits ?? 4;
    const perWord = Math.floor(32 / bits);
    return (tensor) => {
      const matrices = select(tensor);
      if (matrices === null) return null;
      const { count, outputs, inputs } = matrices;
      const groups = groupsOf(inputs, quantization.groupSize, 128);
      const words = Math.ceil(outputs / perWord);
      const bytes = 4 * inputs * words + 4 * groups * words + 2 * groups * outputs;
      return { bytes: count * bytes, format: `AWQ ${bits}-bit` };
    };
  },
};
