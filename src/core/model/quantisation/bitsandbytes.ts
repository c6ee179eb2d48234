import type { TensorSpec } from '../blueprint';
import { elements } from '../parameters';
import type { Matrices, Method, MethodContext, StoredForm } from './method';
import { convertedModules, type LinearKinds } from './transformersModules';

/** Weights of one absmax (bitsandbytes functional.py, `quantize_4bit`: block size 64). */
const BLOCK = 64;
/** absmax values of one second-level absmax (`quantize_blockwise` with 256). */
const NESTED_BLOCK = 256;
/** fp32 table of the 16 code values that every quantised weight keeps. */
const CODE_BYTES = 16 * 4;
/** fp32 table of the 256 codes of the second level, and the fp32 offset. */
const NESTED_CODE_BYTES = 256 * 4 + 4;

/** Packed 4-bit values, absmax per 64, and with double quantisation 8-bit absmax with an fp32 absmax per 256. */
function fourBit(weights: number, doubleQuant: boolean): number {
  const blocks = Math.ceil(weights / BLOCK);
  const statistics = doubleQuant
    ? blocks + 4 * Math.ceil(blocks / NESTED_BLOCK) + NESTED_CODE_BYTES
    : 4 * blocks;
  return Math.ceil(weights / 2) + statistics + CODE_BYTES;
}

/** Since transformers 5.5 only torch.nn.Linear itself and Conv1D are replaced (integrations/bitsandbytes.py). */
const kinds: LinearKinds = { derived: false, conv1d: true };

function method(
  names: readonly string[],
  stored: (context: MethodContext) => (tensor: TensorSpec, matrices: Matrices) => StoredForm,
): Method {
  return {
    names,
    reachesFusedExperts: false,
    reachesDerived: kinds.derived,
    forModel(context) {
      const derived = context.quantization.derived ?? kinds.derived;
      const select = convertedModules(context, { ...kinds, derived });
      const form = stored(context);
      return (tensor) => {
        const matrices = select(tensor);
        return matrices === null ? null : form(tensor, matrices);
      };
    },
  };
}

/** bitsandbytes NF4 and FP4, with or without double quantisation. */
export const bitsandbytes4: Method = method(['bnb-nf4', 'bnb-fp4'], ({ quantization }) => {
  const doubleQuant = quantization.doubleQuant ?? false;
  const format = quantization.method === 'bnb-fp4' ? 'FP4' : 'NF4';
  return (tensor) => ({ bytes: fourBit(elements(tensor.shape), doubleQuant), format });
});

/** bitsandbytes LLM.int8(): one byte a weight and an fp32 scale per output row (nn/modules.py, `CB` and `SCB`). */
export const bitsandbytes8: Method = method(['bnb-int8'], () => (tensor, { count, outputs }) => ({
  bytes: elements(tensor.shape) + 4 * count * outputs,
  format: 'int8',
}));
