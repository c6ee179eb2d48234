import { groupsOf } from './layerLinears';
import type { Method } from './method';
import { convertedModules, everyLinear } from './transformersModules';

const WORD = 32;

/**
 * AWQ in its GEMM layout (AutoAWQ and GPTQModel, gemm_awq.py): `qweight` and `qzeros` packed into int32 along the outputs, fp16 `scales`
 * per group and output. Every linear module but those that the checkpoint names, the output layer and what is tied.
 */
export const awq: Method = {
  names: ['awq'],
  reachesFusedExperts: true,
  forModel(context) {
    const { quantization } = context;
    const select = convertedModules(context, everyLinear, true);
    const bits = quantization.bits ?? 4;
    const perWord = Math.floor(WORD / bits);
    return (tensor) => {
      const matrices = tensor.role === 'router' ? null : select(tensor);
      if (matrices === null) return null;
      const { count, outputs, inputs } = matrices;
      const groups = groupsOf(inputs, quantization.groupSize, 128);
      const words = Math.ceil(outputs / perWord);
      const bytes = 4 * inputs * words + 4 * groups * words + 2 * groups * outputs;
      return { bytes: count * bytes, format: `AWQ ${bits}-bit` };
    };
  },
};
