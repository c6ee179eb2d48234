import { dtypeBytes } from '../../units/dtype';
import type { Method } from './method';
import { convertedModules, everyLinear } from './transformersModules';

/** Weights of one scale and shift below 8 bits (optimum/quanto nn/qmodule.py, group size 128 halved until it divides the inputs). */
const GROUP = 128;
const SMALLEST_GROUP = 32;

/** optimum-quanto: 8 bits with a scale per output; 4 and 2 bits packed, a scale and a shift per group; two fp32 activation scales. */
export const quanto: Method = {
  names: ['quanto'],
  reachesFusedExperts: false,
  forModel(context) {
    const select = convertedModules(context, everyLinear);
    const bits = context.quantization.bits ?? 8;
    const size = dtypeBytes(context.dtype);
    return (tensor) => {
      const matrices = select(tensor);
      if (matrices === null) return null;
      const { count, outputs, inputs } = matrices;
      let group = GROUP;
      while (inputs % group !== 0 && group > SMALLEST_GROUP) group /= 2;
      const groups = inputs % group === 0 ? inputs / group : 1;
      const scales = bits < 8 ? 2 * outputs * groups * size : outputs * size;
      return {
        bytes: count * (Math.ceil((outputs * inputs * bits) / 8) + scales + 8),
        format: `quanto int${bits}`,
      };
    };
  },
};
