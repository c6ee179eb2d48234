import { dtypeBytes } from '../../units/dtype';
import type { TensorSpec } from '../blueprint';
import { type Matrices, matricesOf, type Method } from './method';
import { targetMatcher } from './modulePatterns';
import { overrideFor } from './overrides';

/** MLX quantises token embeddings and routers like matrices. */
function quantisable(tensor: TensorSpec): Matrices | null {
  const matrix = tensor.module === 'embedding' || tensor.module === 'matrix';
  if (!matrix || tensor.shape.length !== 2) return matricesOf(tensor);
  const [outputs = 0, inputs = 0] = tensor.shape;
  return { count: 1, outputs, inputs };
}

/** Model types whose routers mlx-lm gives 8 bits whatever the rest gets (`quant_predicate` of its models, mlx-lm 0.32). */
const eightBitRouters: ReadonlySet<string> = new Set([
  'gemma4',
  'gemma4_text',
  'gpt_oss',
  'granitemoe',
  'granitemoehybrid',
  'jamba',
  'kimi_linear',
  'lfm2_moe',
  'minimax',
  'qwen3_5_moe',
  'qwen3_5_moe_text',
  'qwen3_moe',
  'qwen3_next',
  'qwen3_vl_moe',
]);

/**
 * MLX: values packed into uint32, and per group a scale and a bias in the model's type; in the modes mxfp4, mxfp8 and nvfp4 a byte of
 * scale alone. Every linear layer, embedding, router and expert whose width the group divides (mlx_lm utils.py, `quantize_model`),
 * the output layer too; single modules may have other bits or stay as they are.
 */
export const mlx: Method = {
  names: ['mlx'],
  reachesFusedExperts: true,
  forModel({ blueprint, quantization, dtype }) {
    const skip = targetMatcher(quantization.skip ?? []);
    const override = overrideFor(quantization);
    const group = quantization.groupSize ?? 64;
    const hasText = blueprint.layers.some(({ component }) => component === 'text');
    return (tensor) => {
      // Towers for images and sound stay as they are (mlx_vlm utils.py, `skip_multimodal_module`).
      const matrices = hasText && tensor.component !== 'text' ? null : quantisable(tensor);
      if (matrices === null || matrices.inputs % group !== 0 || skip.matches(tensor)) return null;
      const own = override(tensor);
      // A config names every module that differs; what is asked for anew gets the converter's own choice.
      const chosen = quantization.groups === undefined && eightBitRouters.has(blueprint.modelType);
      const router = tensor.role === 'router' && chosen;
      const bits = own?.bits ?? (router ? 8 : (quantization.bits ?? 4));
      const size = own?.groupSize ?? group;
      const mode = own?.type ?? (router ? 'affine' : (quantization.type ?? 'affine'));
      const { count, outputs, inputs } = matrices;
      const scales = (inputs / size) * (mode === 'affine' ? 2 * dtypeBytes(dtype) : 1);
      const bytes = count * outputs * ((4 * inputs * bits) / 32 + scales);
      const format = mode === 'affine' ? `MLX ${bits}-bit` : mode.toUpperCase();
      return { bytes: Math.ceil(bytes), format };
    };
  },
};
