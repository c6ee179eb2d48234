const widths: Readonly<Record<string, number>> = { F32: 4, F16: 2, BF16: 2, U8: 1 };

/** A whole safetensors file of zeros, as the library lays it out. */
export function safetensorsBytes(
  tensors: readonly (readonly [name: string, dtype: string, shape: readonly number[]])[],
): Buffer {
  const entries: Record<string, unknown> = {};
  let offset = 0;
  for (const [name, dtype, shape] of tensors) {
    const bytes = (widths[dtype] ?? 4) * shape.reduce((product, size) => product * size, 1);
    entries[name] = { dtype, shape, data_offsets: [offset, offset + bytes] };
    offset += bytes;
  }
  const header = Buffer.from(JSON.stringify(entries));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, Buffer.alloc(offset)]);
}
