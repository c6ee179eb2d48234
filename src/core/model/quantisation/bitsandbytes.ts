import type { TensorSpec } from '../blueprint';
import { elements } from '../parameters';
import {
  matricesOf,
  type Method,
  type MethodContext,
  moduleOf,
  skipMatcher,
  type StoredForm,
} from './method';

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

/**
 * Modules that stay as they are: those that the user names; if none are named the output layer, whatever is tied, and the
 * module of the last parameter (transformers quantizers/base.py, `get_keys_to_not_convert`).
 */
function skipped({ blueprint, quantization }: MethodContext): (tensor: TensorSpec) => boolean {
  if (quantization.skip !== undefined && quantization.skip.length > 0) {
    const matches = skipMatcher(quantization.skip);
    return (tensor) => matches(moduleOf(tensor));
  }
  const kept = new Set<string>();
  for (const tensor of blueprint.tensors) {
    if (tensor.role === 'head') kept.add(moduleOf(tensor));
    if (tensor.tiedTo !== null) kept.add(moduleOf(tensor)).add(tensor.tiedTo.replace(/\.weight$/, ''));
  }
  const last = blueprint.tensors.findLast((tensor) => tensor.module !== 'buffer' && tensor.tiedTo === null);
  if (last?.name.endsWith('.weight') === true) kept.add(moduleOf(last));
  return (tensor) => kept.has(moduleOf(tensor));
}

function method(
  names: readonly string[],
  stored: (context: MethodContext) => (tensor: TensorSpec) => StoredForm,
): Method {
  return {
    names,
    reachesFusedExperts: false,
    forModel(context) {
      const isSkipped = skipped(context);
      const form = stored(context);
      return (tensor) => {
        const plain = tensor.module === 'linear' || tensor.module === 'conv1d';
        return plain && matricesOf(tensor) !== null && !isSkipped(tensor) ? form(tensor) : null;
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
export const bitsandbytes8: Method = method(['bnb-int8'], () => (tensor) => {
  const { outputs = 0 } = matricesOf(tensor) ?? {};
  return { bytes: elements(tensor.shape) + 4 * outputs, format: 'int8' };
});
