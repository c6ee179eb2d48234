import type { Dtype } from '../units/dtype';

/** Every tensor type that a GGUF file can hold, by ggml's name in upper case. */
export type GgmlTypeName = keyof typeof table;

export interface GgmlType {
  readonly name: GgmlTypeName;
  /** Number in the file. */
  readonly id: number;
  /** Elements of one block; a row holds whole blocks. */
  readonly blockElements: number;
  /** Bytes of one block, scales included. */
  readonly blockBytes: number;
  /** The element type of the plain types; null for block formats. */
  readonly dtype: Dtype | null;
}

/**
 * [number, elements of a block, bytes of a block]. Numbers: `enum ggml_type` in ggml.h. Bytes: the block structs in
 * ggml-common.h, e.g. Q4_K = two f16 scales + 12 bytes of packed 6-bit scales and minima + 256 values of 4 bits.
 * Q4_0_4_4 .. IQ4_NL_8_8 are the interleaved layouts that ggml dropped in late 2024: files with them are still about.
 */
const table = {
  F32: [0, 1, 4],
  F16: [1, 1, 2],
  Q4_0: [2, 32, 18],
  Q4_1: [3, 32, 20],
  Q5_0: [6, 32, 22],
  Q5_1: [7, 32, 24],
  Q8_0: [8, 32, 34],
  Q8_1: [9, 32, 36],
  Q2_K: [10, 256, 84],
  Q3_K: [11, 256, 110],
  Q4_K: [12, 256, 144],
  Q5_K: [13, 256, 176],
  Q6_K: [14, 256, 210],
  Q8_K: [15, 256, 292],
  IQ2_XXS: [16, 256, 66],
  IQ2_XS: [17, 256, 74],
  IQ3_XXS: [18, 256, 98],
  IQ1_S: [19, 256, 50],
  IQ4_NL: [20, 32, 18],
  IQ3_S: [21, 256, 110],
  IQ2_S: [22, 256, 82],
  IQ4_XS: [23, 256, 136],
  I8: [24, 1, 1],
  I16: [25, 1, 2],
  I32: [26, 1, 4],
  I64: [27, 1, 8],
  F64: [28, 1, 8],
  IQ1_M: [29, 256, 56],
  BF16: [30, 1, 2],
  Q4_0_4_4: [31, 32, 18],
  Q4_0_4_8: [32, 32, 18],
  Q4_0_8_8: [33, 32, 18],
  TQ1_0: [34, 256, 54],
  TQ2_0: [35, 256, 66],
  IQ4_NL_4_4: [36, 32, 18],
  IQ4_NL_4_8: [37, 32, 18],
  IQ4_NL_8_8: [38, 32, 18],
  MXFP4: [39, 32, 17],
  NVFP4: [40, 64, 36],
  Q1_0: [41, 128, 18],
  Q2_0: [42, 64, 18],
} as const satisfies Readonly<Record<string, readonly [id: number, elements: number, bytes: number]>>;

const dtypes: Partial<Readonly<Record<GgmlTypeName, Dtype>>> = {
  F64: 'f64',
  F32: 'f32',
  F16: 'f16',
  BF16: 'bf16',
  I64: 'i64',
  I32: 'i32',
  I16: 'i16',
  I8: 'i8',
};

function describe(name: GgmlTypeName): GgmlType {
  const [id, blockElements, blockBytes] = table[name];
  return { name, id, blockElements, blockBytes, dtype: dtypes[name] ?? null };
}

/** All types in the order of their numbers. */
export const ggmlTypes: readonly GgmlType[] = (Object.keys(table) as GgmlTypeName[]).map(describe);

const byName = new Map<string, GgmlType>(ggmlTypes.map((type) => [type.name, type]));
const byId = new Map<number, GgmlType>(ggmlTypes.map((type) => [type.id, type]));

export function ggmlType(name: GgmlTypeName): GgmlType {
  return byName.get(name) ?? describe(name);
}

/** The type with this name in any case (`q8_0`, `Q4_K`), or null. */
export function findGgmlType(name: string): GgmlType | null {
  return byName.get(name.toUpperCase()) ?? null;
}

/** The type with this number, or null when ggml has none such (forks use numbers of their own). */
export function ggmlTypeById(id: number): GgmlType | null {
  return byId.get(id) ?? null;
}

/**
 * Bytes of `elements` values in rows of `rowElements` (ggml_row_size × rows): whole blocks per row. null when a row is
 * no multiple of the block.
 */
export function ggmlBytes(type: GgmlType, rowElements: number, elements: number): number | null {
  if (rowElements % type.blockElements !== 0) return null;
  return (elements / type.blockElements) * type.blockBytes;
}

/**
 * Names of `general.file_type` (`enum llama_ftype` in llama.h, without `MOSTLY_`): the mix that a file was quantised
 * with. 4, 5, 6 and 33 to 35 are gone from llama.cpp and stay for old files.
 */
const fileTypes: Readonly<Record<number, string>> = {
  0: 'F32',
  1: 'F16',
  2: 'Q4_0',
  3: 'Q4_1',
  4: 'Q4_1_SOME_F16',
  5: 'Q4_2',
  6: 'Q4_3',
  7: 'Q8_0',
  8: 'Q5_0',
  9: 'Q5_1',
  10: 'Q2_K',
  11: 'Q3_K_S',
  12: 'Q3_K_M',
  13: 'Q3_K_L',
  14: 'Q4_K_S',
  15: 'Q4_K_M',
  16: 'Q5_K_S',
  17: 'Q5_K_M',
  18: 'Q6_K',
  19: 'IQ2_XXS',
  20: 'IQ2_XS',
  21: 'Q2_K_S',
  22: 'IQ3_XS',
  23: 'IQ3_XXS',
  24: 'IQ1_S',
  25: 'IQ4_NL',
  26: 'IQ3_S',
  27: 'IQ3_M',
  28: 'IQ2_S',
  29: 'IQ2_M',
  30: 'IQ4_XS',
  31: 'IQ1_M',
  32: 'BF16',
  33: 'Q4_0_4_4',
  34: 'Q4_0_4_8',
  35: 'Q4_0_8_8',
  36: 'TQ1_0',
  37: 'TQ2_0',
  38: 'MXFP4_MOE',
  39: 'NVFP4',
  40: 'Q1_0',
  41: 'Q2_0',
};

/** Name of a file's mix by the number in `general.file_type`; null when it is none that llama.cpp defines. */
export function fileTypeName(fileType: number): string | null {
  return fileTypes[fileType] ?? null;
}
