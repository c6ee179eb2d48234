import { everyLinear, convertedModules } from './transformersModules';
import { type Method, scalesOf, type ScaleShape } from './method';

/** Inputs that share a scale where experts are stored in four bits (transformers integrations/finegrained_fp8.py, `expert_dtype` fp4). */
const FP4_GROUP = 32;

/**
 * FP8 weights, one byte each (transformers integrations/finegrained_fp8.py, `FP8Linear` and `FP8Experts`; fbgemm_fp8.py): fp32 scales
 * (`weight_scale_inv`), a byte each where they are powers of two (`scale_fmt` ue8m0), one per block, per output or per matrix. With
 * static activations one fp32 scale more. Fused experts have one scale for gate and up where there are no blocks.
 */
export const fp8: Method = {
  names: ['fp8'],
  reachesFusedExperts: true,
  forModel(context) {
    const { quantization } = context;
    const select = convertedModules(context, everyLinear);
    const block = quantization.blockShape ?? null;
    const perChannel = quantization.strategy === 'channel';
    const shape: ScaleShape =
      block === null ? { rows: perChannel ? 1 : null, inputs: null } : { rows: block[0], inputs: block[1] };
    const scaleBytes = quantization.scaleType === 'ue8m0' && block !== null ? 1 : 4;
    const inputScale = quantization.inputScale === true ? 4 : 0;
    return (tensor) => {
      // The output layer is never among a checkpoint's FP8 matrices.
      const matrices = tensor.role === 'head' ? null : select(tensor);
      if (matrices === null) return null;
      const { count, outputs, inputs } = matrices;
      if (tensor.module === 'experts' && quantization.expertType === 'fp4') {
        const scales = scalesOf(matrices, { rows: 1, inputs: FP4_GROUP });
        return { bytes: count * ((outputs * inputs) / 2 + scales), format: 'FP4' };
      }
      const bytes = outputs * inputs + scaleBytes * scalesOf(matrices, shape) + inputScale;
      return { bytes: count * bytes, format: 'FP8' };
    };
  },
};
