import type { Quantization } from '../blueprint';
import { schemeName } from './scheme';

const names: Readonly<Record<string, string>> = {
  'bnb-nf4': 'bitsandbytes NF4',
  'bnb-fp4': 'bitsandbytes FP4',
  'bnb-int8': 'bitsandbytes int8',
};

/** A quantisation for people: `bitsandbytes NF4`, `Q4_K_M`, `compressed-tensors int4`, `awq 4-bit`. */
export function quantizationName(quantization: Quantization): string {
  const { method, type, bits } = quantization;
  const known = names[method];
  if (known !== undefined) return known;
  if (type === undefined || type === '') return bits === undefined ? method : `${method} ${bits}-bit`;
  if (method === 'gguf' || method === 'nvfp4') return type;
  if (method === 'compressed-tensors')
    return `${method} ${schemeName({ bits: bits ?? 8, groupSize: quantization.groupSize ?? null, type })}`;
  return `${method} ${type}`;
}
