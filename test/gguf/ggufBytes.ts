import type { ByteSource } from '../../src/core/model/byteSource';
import { ggmlBytes, findGgmlType } from '../../src/core/model/ggmlTypes';

/** Value types of GGUF metadata by their numbers. */
export const valueTypes = {
  uint8: 0,
  int8: 1,
  uint16: 2,
  int16: 3,
  uint32: 4,
  int32: 5,
  float32: 6,
  bool: 7,
  string: 8,
  array: 9,
  uint64: 10,
  int64: 11,
  float64: 12,
} as const;

/** Writes the pieces of a GGUF header in any version and byte order, right or wrong. */
export class GgufBytes {
  private readonly parts: Uint8Array[] = [];
  length = 0;

  constructor(
    readonly version: number = 3,
    readonly little: boolean = true,
  ) {}

  raw(bytes: Uint8Array): this {
    this.parts.push(bytes);
    this.length += bytes.length;
    return this;
  }

  u8(value: number): this {
    return this.raw(Uint8Array.of(value));
  }

  u32(value: number): this {
    return this.number(4, (view) => view.setUint32(0, value, this.little));
  }

  i32(value: number): this {
    return this.number(4, (view) => view.setInt32(0, value, this.little));
  }

  f32(value: number): this {
    return this.number(4, (view) => view.setFloat32(0, value, this.little));
  }

  u64(value: bigint | number): this {
    return this.number(8, (view) => view.setBigUint64(0, BigInt(value), this.little));
  }

  /** A count or length: 32 bits in version 1. */
  count(value: bigint | number): this {
    return this.version === 1 ? this.u32(Number(value)) : this.u64(value);
  }

  text(value: string): this {
    const bytes = new TextEncoder().encode(value);
    return this.count(bytes.length).raw(bytes);
  }

  /** Magic, version and the two counts. */
  start(tensors: bigint | number, entries: bigint | number): this {
    return this.raw(new TextEncoder().encode('GGUF')).u32(this.version).count(tensors).count(entries);
  }

  string(key: string, value: string): this {
    return this.text(key).u32(valueTypes.string).text(value);
  }

  uint(key: string, value: number): this {
    return this.text(key).u32(valueTypes.uint32).u32(value);
  }

  uints(key: string, values: readonly number[]): this {
    this.text(key).u32(valueTypes.array).u32(valueTypes.uint32).count(values.length);
    for (const value of values) this.u32(value);
    return this;
  }

  bools(key: string, values: readonly boolean[]): this {
    this.text(key).u32(valueTypes.array).u32(valueTypes.bool).count(values.length);
    for (const value of values) this.u8(value ? 1 : 0);
    return this;
  }

  strings(key: string, values: readonly string[]): this {
    this.text(key).u32(valueTypes.array).u32(valueTypes.string).count(values.length);
    // One piece for all of them: vocabularies have hundreds of thousands.
    const width = this.version === 1 ? 4 : 8;
    const encoder = new TextEncoder();
    const all = new Uint8Array(values.reduce((sum, value) => sum + width + 3 * value.length, 0));
    const view = new DataView(all.buffer);
    let at = 0;
    for (const value of values) {
      const { written } = encoder.encodeInto(value, all.subarray(at + width));
      view.setUint32(at + (this.little ? 0 : width - 4), written, this.little);
      at += width + written;
    }
    return this.raw(all.subarray(0, at));
  }

  tensor(name: string, dims: readonly (number | bigint)[], type: number, offset: bigint | number): this {
    this.text(name).u32(dims.length);
    for (const size of dims) this.count(size);
    return this.u32(type).u64(offset);
  }

  bytes(): Uint8Array {
    const all = new Uint8Array(this.length);
    let at = 0;
    for (const part of this.parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }

  private number(width: number, set: (view: DataView) => void): this {
    const view = new DataView(new ArrayBuffer(width));
    set(view);
    return this.raw(new Uint8Array(view.buffer));
  }
}

export interface TensorToWrite {
  readonly name: string;
  /** ggml's order. */
  readonly dims: readonly number[];
  readonly type: string;
}

/** The header of a well-formed file with these tensors one after the other, and where its data would end. */
export function ggufFile(
  entries: readonly ((bytes: GgufBytes) => GgufBytes)[],
  tensors: readonly TensorToWrite[],
  bytes = new GgufBytes(),
): { header: Uint8Array; size: number } {
  bytes.start(tensors.length, entries.length);
  for (const entry of entries) entry(bytes);
  let offset = 0;
  for (const { name, dims, type } of tensors) {
    const found = findGgmlType(type);
    if (found === null) throw new Error(`no type ${type}`);
    bytes.tensor(name, dims, found.id, offset);
    const size = ggmlBytes(
      found,
      dims[0] ?? 1,
      dims.reduce((product, n) => product * n, 1),
    );
    offset += Math.ceil((size ?? 0) / 32) * 32;
  }
  const header = bytes.bytes();
  return { header, size: Math.ceil(header.length / 32) * 32 + offset };
}

/** A file of `size` bytes that begins with these bytes and is zero beyond them. Counts what is read of it. */
export class MemorySource implements ByteSource {
  fetched = 0;

  constructor(
    private readonly head: Uint8Array,
    readonly size: number = head.length,
    /** Most bytes that one read delivers. */
    private readonly piece: number = Number.MAX_SAFE_INTEGER,
  ) {}

  read(offset: number, target: Uint8Array): Promise<number> {
    const count = Math.max(0, Math.min(target.length, this.size - offset, this.piece));
    target.fill(0, 0, count);
    target.set(this.head.subarray(offset, Math.min(this.head.length, offset + count)));
    this.fetched += count;
    return Promise.resolve(count);
  }
}
