import { groupsOf, layerLinears } from './layerLinears';
import type { Method } from './method';

const WORD = 32;

/**
 * GPTQ, as AutoGPTQ and GPTQModel store it: per matrix `qweight` and `qzeros` packed into int32, fp16 `scales` per group and
 * output, and `g_idx`, one int32 per input. Linear layers within the layers are converted, the output layer is not.
 */
export const gptq: Method = {
  names: ['gptq', 'auto-round'],
  reachesFusedExperts: true,
  forModel({ quantization }) {
    const select = layerLinears(quantization);
    const bits = quantization.bits ?? 4;
    return (tensor) => {
      const matrices = select(tensor);
      if (matrices === null) return null;
      const { count, outputs, inputs } = matrices;
      const groups = groupsOf(inputs, quantization.groupSize, 128);
      const weights = 4 * Math.ceil((inputs * bits) / WORD) * outputs;
      const zeros = 4 * groups * Math.ceil((outputs * bits) / WORD);
      const scales = 2 * groups * outputs;
      return { bytes: count * (weights + zeros + scales + 4 * inputs), format: `GPTQ ${bits}-bit` };
    };
  },
};
