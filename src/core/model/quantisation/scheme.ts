import type { WeightScheme } from '../blueprint';
import { type Matrices, scalesOf, type ScaleShape } from './method';

const WORD = 32;

/** The part of a matrix that shares one scale. */
export function scaleShape({ strategy, blockShape, groupSize }: WeightScheme): ScaleShape {
  switch (strategy ?? 'group') {
    case 'tensor':
      return { rows: null, inputs: null };
    case 'channel':
      return { rows: 1, inputs: null };
    case 'block':
      return { rows: blockShape?.[0] ?? 128, inputs: blockShape?.[1] ?? 128 };
    case 'group':
      return { rows: 1, inputs: groupSize };
  }
}

/** Bytes of rows of values packed into 32-bit words along the inputs. */
export function packedAlongInputs({ outputs, inputs }: Matrices, bits: number): number {
  return 4 * outputs * Math.ceil((inputs * bits) / WORD);
}

/** What a scheme is called: `int4`, `FP8`, `NVFP4`. */
export function schemeName({ bits, type }: WeightScheme): string {
  const [kind = 'int', container = ''] = type.split(':');
  const small = /^(nvfp4|mxfp[468])/.exec(container)?.[1];
  if (small !== undefined) return small.toUpperCase();
  return kind === 'float' ? `FP${bits}` : `int${bits}`;
}

/** Bytes of one matrix with its scales, zeros and shape, as compressed-tensors stores it (compressors/ of that library). */
export function schemeBytes(matrices: Matrices, scheme: WeightScheme, dtypeSize: number): number {
  const { outputs, inputs } = matrices;
  const { bits, type } = scheme;
  const container = type.split(':')[1] ?? '';
  const scales = scalesOf(matrices, scaleShape(scheme));
  if (container.startsWith('nvfp4')) {
    // Nibbles, an fp8 scale per 16, and an fp32 scale of the whole; one more for the inputs where those are quantised.
    const groups = outputs * Math.ceil(inputs / 16);
    return outputs * Math.ceil(inputs / 2) + groups + 4 + (scheme.inputScale === true ? 4 : 0);
  }
  if (container.startsWith('mxfp')) {
    const groups = outputs * Math.ceil(inputs / 32);
    return outputs * Math.ceil((inputs * bits) / 8) + groups;
  }
  const inputScale = scheme.inputScale === true ? dtypeSize : 0;
  if (container === 'pack-quantized' || (container === '' && bits < 8)) {
    const zeros = scheme.zeroPoint === true ? 4 * Math.ceil((outputs * bits) / WORD) * (scales / outputs) : 0;
    // `weight_shape` is two 64-bit integers.
    const order = scheme.order === true ? 4 * inputs : 0;
    return packedAlongInputs(matrices, bits) + dtypeSize * scales + zeros + 16 + inputScale + order;
  }
  const zeros = scheme.zeroPoint === true ? scales : 0;
  // Integers below 8 bits that are not packed take a byte all the same.
  return outputs * inputs + dtypeSize * scales + zeros + inputScale;
}
