/** Element types of stored or computed tensors. Block formats (GGUF, NF4, ...) are no dtypes: see model/quantisation. */
export type Dtype =
  | 'f64'
  | 'f32'
  | 'bf16'
  | 'f16'
  | 'f8_e4m3'
  | 'f8_e5m2'
  | 'f8_e8m0'
  | 'f4'
  | 'i64'
  | 'i32'
  | 'i16'
  | 'i8'
  | 'i4'
  | 'u8'
  | 'u4'
  | 'bool';

const bits: Readonly<Record<Dtype, number>> = {
  f64: 64,
  f32: 32,
  bf16: 16,
  f16: 16,
  f8_e4m3: 8,
  f8_e5m2: 8,
  f8_e8m0: 8,
  f4: 4,
  i64: 64,
  i32: 32,
  i16: 16,
  i8: 8,
  i4: 4,
  u8: 8,
  u4: 4,
  bool: 8,
};

/** Bytes of one element; half a byte for the 4-bit types. */
export function dtypeBytes(dtype: Dtype): number {
  return bits[dtype] / 8;
}

export function isFloat(dtype: Dtype): boolean {
  return dtype.startsWith('f') || dtype === 'bf16';
}
