import { dtypeBytes } from '../../units/dtype';
import type { TensorSpec } from '../blueprint';
import { type Matrices, matricesOf, type Method, moduleOf, skipMatcher } from './method';

/** MLX quantises token embeddings like matrices. */
function quantisable(tensor: TensorSpec): Matrices | null {
  if (tensor.module !== 'embedding') return matricesOf(tensor);
  const [outputs = 0, inputs = 0] = tensor.shape;
  return { count: 1, outputs, inputs };
}

/**
 * MLX affine quantisation: values packed into uint32, a scale and a bias per group in the model's type. Every linear layer,
 * embedding and expert whose width the group divides (mlx_lm utils.py, `quantize_model`), the output layer too.
 */
export const mlx: Method = {
  names: ['mlx'],
  reachesFusedExperts: true,
  forModel({ quantization, dtype }) {
    const skip = skipMatcher(quantization.skip ?? []);
    const bits = quantization.bits ?? 4;
    const group = quantization.groupSize ?? 64;
    return (tensor) => {
      const matrices = quantisable(tensor);
      if (matrices === null || matrices.inputs % group !== 0 || skip(moduleOf(tensor))) return null;
      const { count, outputs, inputs } = matrices;
      const row = (4 * inputs * bits) / 32 + 2 * (inputs / group) * dtypeBytes(dtype);
      return { bytes: Math.ceil(count * outputs * row), format: `MLX ${bits}-bit` };
    };
  },
};
