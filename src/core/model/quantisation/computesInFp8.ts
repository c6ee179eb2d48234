import type { Quantization } from '../blueprint';

/**
 * Whether matrix products run on FP8 values: weights and inputs both are. Weight-only methods expand the weights before
 * they multiply.
 */
export function computesInFp8({ method, type, bits, groups }: Quantization): boolean {
  switch (method) {
    case 'fp8':
    case 'fbgemm-fp8':
      return true;
    case 'modelopt':
    case 'quark':
      return /^FP8/.test(type ?? '') && !/_WO$/.test(type ?? '');
    case 'compressed-tensors':
      return (groups?.length ?? 0) === 1 && bits === 8 && (type ?? '').startsWith('float:float');
    default:
      return false;
  }
}
