/** A storage type of ggml: `weights` values take `bytes` bytes. */
export interface GgufType {
  readonly weights: number;
  readonly bytes: number;
}

const K = 256;

/** Block sizes of ggml's types. Source: gguf-py constants.py, GGML_QUANT_SIZES; ggml-common.h. */
export const ggufTypes = {
  F32: { weights: 1, bytes: 4 },
  F16: { weights: 1, bytes: 2 },
  BF16: { weights: 1, bytes: 2 },
  Q1_0: { weights: 128, bytes: 18 },
  Q4_0: { weights: 32, bytes: 18 },
  Q4_1: { weights: 32, bytes: 20 },
  Q5_0: { weights: 32, bytes: 22 },
  Q5_1: { weights: 32, bytes: 24 },
  Q8_0: { weights: 32, bytes: 34 },
  Q2_K: { weights: K, bytes: 84 },
  Q3_K: { weights: K, bytes: 110 },
  Q4_K: { weights: K, bytes: 144 },
  Q5_K: { weights: K, bytes: 176 },
  Q6_K: { weights: K, bytes: 210 },
  IQ1_S: { weights: K, bytes: 50 },
  IQ1_M: { weights: K, bytes: 56 },
  IQ2_XXS: { weights: K, bytes: 66 },
  IQ2_XS: { weights: K, bytes: 74 },
  IQ2_S: { weights: K, bytes: 82 },
  IQ3_XXS: { weights: K, bytes: 98 },
  IQ3_S: { weights: K, bytes: 110 },
  IQ4_NL: { weights: 32, bytes: 18 },
  IQ4_XS: { weights: K, bytes: 136 },
  TQ1_0: { weights: K, bytes: 54 },
  TQ2_0: { weights: K, bytes: 66 },
  MXFP4: { weights: 32, bytes: 17 },
  NVFP4: { weights: 64, bytes: 36 },
} as const satisfies Readonly<Record<string, GgufType>>;

export type GgufTypeName = keyof typeof ggufTypes;

/** Bytes of `rows` rows of `width` values, which the block size must divide. */
export function ggufBytes(type: GgufTypeName, rows: number, width: number): number {
  const { weights, bytes } = ggufTypes[type];
  return (rows * width * bytes) / weights;
}
