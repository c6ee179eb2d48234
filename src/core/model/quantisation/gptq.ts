import { unreadPatterns } from './compressedTensors';
import { groupsOf } from './layerLinears';
import { matricesOf, type Method } from './method';
import { skipMatcher } from './modulePatterns';
import { overrideFor } from './overrides';

const WORD = 32;

/**
 * GPTQ, as GPTQModel stores it (nn_modules/qlinear): per matrix `qweight` and `qzeros` packed into int32, fp16 `scales` per group and
 * output, and `g_idx`, one int32 per input. Linear layers within the language model's layers are converted, the output layer
 * where the checkpoint says so; single modules may have other bits or none (`dynamic`).
 */
export const gptq: Method = {
  names: ['gptq', 'auto-round'],
  reachesFusedExperts: true,
  assumption: unreadPatterns,
  forModel({ blueprint, quantization }) {
    const skip = skipMatcher(quantization.skip ?? []);
    const override = overrideFor(quantization);
    const hasText = blueprint.layers.some(({ component }) => component === 'text');
    return (tensor) => {
      const matrices = matricesOf(tensor);
      const wanted =
        tensor.role === 'head'
          ? quantization.head === true && tensor.tiedTo === null
          : tensor.layer !== null && tensor.role !== 'router' && (!hasText || tensor.component === 'text');
      if (matrices === null || !wanted || skip.matches(tensor)) return null;
      const own = override(tensor);
      const bits = own?.bits ?? quantization.bits ?? 4;
      if (bits >= 16) return null;
      const { count, outputs, inputs } = matrices;
      const groups = groupsOf(inputs, own?.groupSize ?? quantization.groupSize, 128);
      const weights = 4 * Math.ceil((inputs * bits) / WORD) * outputs;
      const zeros = 4 * groups * Math.ceil((outputs * bits) / WORD);
      const scales = 2 * groups * outputs;
      return { bytes: count * (weights + zeros + scales + 4 * inputs), format: `GPTQ ${bits}-bit` };
    };
  },
};
