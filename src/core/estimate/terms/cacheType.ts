/**
 * Element types of a KV cache, with the block formats of llama.cpp: elements and bytes of a block (ggml-common.h). A q8_0
 * block is 32 values of one byte and one f16 scale.
 */
const types: Readonly<Record<string, readonly [elements: number, bytes: number]>> = {
  f32: [1, 4],
  fp32: [1, 4],
  f16: [1, 2],
  fp16: [1, 2],
  bf16: [1, 2],
  fp8: [1, 1],
  fp8_e4m3: [1, 1],
  fp8_e5m2: [1, 1],
  f8_e4m3: [1, 1],
  f8_e5m2: [1, 1],
  int8: [1, 1],
  q8_0: [32, 34],
  q5_1: [32, 24],
  q5_0: [32, 22],
  q4_1: [32, 20],
  q4_0: [32, 18],
  iq4_nl: [32, 18],
  int4: [2, 1],
};

export function isCacheType(type: string): boolean {
  return Object.hasOwn(types, type.toLowerCase());
}

/** Bytes of a row of `elements` values of a cache type; unknown types are taken for 16 bit. */
export function typeRowBytes(type: string, elements: number): number {
  const [block, bytes] = types[type.toLowerCase()] ?? [1, 2];
  return Math.ceil(elements / block) * bytes;
}
