import type { ByteSource } from './byteSource';
import { ggmlBytes, ggmlTypeById } from './ggmlTypes';

/*
 * A reader of GGUF headers that is safe on any file. @huggingface/gguf 0.4.6 was the alternative; it is not used because
 * it keeps every token and merge of the vocabulary as a string (a quarter of a million, tens of megabytes), pads a file
 * that ends early with zeros and reads those as metadata, lets a RangeError out, and accepts a key or a tensor twice.
 *
 * Format: gguf.h and gguf.cpp of ggml; version 1 has 32-bit counts and lengths, versions 2 and 3 have 64-bit ones.
 * Version 3 may be big-endian, which shows in the version field.
 */

/** Most bytes of a header that are fetched. Headers with half a million tokens and merges have under 20 MB. */
export const MOST_FETCHED_BYTES = 48 * 2 ** 20;
export const MOST_METADATA_ENTRIES = 65_536;
/** Models have up to a few thousand tensors. */
export const MOST_TENSORS = 65_536;
const MOST_DIMENSIONS = 8;
const LONGEST_NAME = 1024;
const LONGEST_KEY = 65_535;
const DEEPEST_ARRAY = 4;
/** Arrays within arrays of the whole file. No known file has one. */
const MOST_NESTED_ARRAYS = 65_536;
/** Type numbers from here on are garbage rather than a type of some fork. */
const LARGEST_TYPE = 1023;

/** What is kept of a value; anything longer is skipped and only its length is known. */
const LONGEST_KEPT_STRING = 65_536;
const LONGEST_KEPT_ARRAY = 4096;
/** All kept strings and array items together, in bytes. */
const MOST_KEPT_BYTES = 4 * 2 ** 20;

const FIRST_CHUNK = 2 ** 16;
const CHUNK = 2 ** 20;
const DEFAULT_ALIGNMENT = 32;

export type GgufScalar = number | bigint | boolean | string;

/** A metadata value. 64-bit integers are a number where that is exact, else a bigint. */
export type GgufValue =
  | { readonly kind: 'scalar'; readonly value: number | bigint | boolean }
  /** `text` is null when the string is too long to be kept. */
  | { readonly kind: 'string'; readonly bytes: number; readonly text: string | null }
  /** `items` is null when the array is too long to be kept, or holds arrays. */
  | { readonly kind: 'array'; readonly length: number; readonly items: readonly GgufScalar[] | null };

export interface GgufTensor {
  readonly name: string;
  /** ggml's order: the contiguous dimension first. A torch Linear [out, in] is [in, out] here. */
  readonly dims: readonly number[];
  /** ggml's name of the type; `type 139` for a number that ggml does not have. */
  readonly type: string;
  /** Exact for ggml's own types. For an unknown type the distance to the next tensor, padding included. */
  readonly bytes: number;
  /** From the start of the data section. */
  readonly offset: number;
}

export interface GgufHeader {
  readonly version: 1 | 2 | 3;
  readonly littleEndian: boolean;
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly tensors: readonly GgufTensor[];
  readonly alignment: number;
  /** Where the data section starts: the header's own bytes, padded. */
  readonly dataOffset: number;
  /** Bytes by which the file is shorter than its tensors need: above 0 for an incomplete download. */
  readonly missingBytes: number;
}

export type GgufOutcome =
  | { readonly ok: true; readonly header: GgufHeader }
  /** One sentence that says what is wrong with the file, without its name. */
  | { readonly ok: false; readonly reason: string };

/**
 * Reads the header of a GGUF file of any size: metadata and tensor infos, no tensor data. Fetches at most
 * MOST_FETCHED_BYTES, holds about a megabyte besides the result, and skips long arrays and strings without making them.
 * A file that is no GGUF, is cut off within the header or claims impossible sizes gives `ok: false`. Rejects only with
 * what `source.read` rejects with.
 */
export async function readGgufHeader(source: ByteSource): Promise<GgufOutcome> {
  try {
    return { ok: true, header: await new HeaderReader(source).read() };
  } catch (error) {
    if (error instanceof Malformed) return { ok: false, reason: error.message };
    throw error;
  }
}

/** The file contradicts itself; the message is the sentence for people. Never leaves this file. */
class Malformed extends Error {}

/** Value types of the metadata by number, with the bytes of one element; 0 = variable. */
const UINT8 = 0;
const INT8 = 1;
const UINT16 = 2;
const INT16 = 3;
const UINT32 = 4;
const INT32 = 5;
const FLOAT32 = 6;
const BOOL = 7;
const STRING = 8;
const ARRAY = 9;
const UINT64 = 10;
const INT64 = 11;
const FLOAT64 = 12;
const widths: readonly number[] = [1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8];

interface TensorInfo {
  readonly name: string;
  readonly dims: readonly number[];
  readonly typeId: number;
  readonly offset: number;
}

class HeaderReader {
  private readonly buffer: Uint8Array;
  private readonly view: DataView;
  private readonly decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  /** The part of the file that the buffer holds. */
  private start = 0;
  private end = 0;
  private position = 0;
  private fetched = 0;
  private kept = 0;
  private nestedArrays = 0;
  private little = true;
  /** Bytes of a count or length. */
  private lengthBytes: 4 | 8 = 8;
  /** What is being read, for sentences: a kind of thing, and its name where it is known. */
  private thing = 'its first bytes';
  private thingName: string | null = null;

  constructor(private readonly source: ByteSource) {
    this.buffer = new Uint8Array(Math.min(CHUNK, source.size));
    this.view = new DataView(this.buffer.buffer);
  }

  async read(): Promise<GgufHeader> {
    const version = await this.readVersion();
    await this.need(2 * this.lengthBytes);
    const tensorCount = this.length();
    const entryCount = this.length();
    // A tensor takes at least its name's length, dimension count, type and offset; an entry its key's length, type and a byte.
    this.mustHold(tensorCount, this.lengthBytes + 16, MOST_TENSORS, 'tensors');
    this.mustHold(entryCount, this.lengthBytes + 5, MOST_METADATA_ENTRIES, 'metadata entries');

    const metadata = await this.readMetadata(entryCount);
    const alignment = alignmentOf(metadata);
    const infos = await this.readTensorInfos(tensorCount, alignment);
    const dataOffset = Math.ceil(this.position / alignment) * alignment;
    const { tensors, dataBytes } = this.measure(infos, dataOffset);
    return {
      version,
      littleEndian: this.little,
      metadata,
      tensors,
      alignment,
      dataOffset,
      missingBytes: tensors.length === 0 ? 0 : Math.max(0, dataOffset + dataBytes - this.source.size),
    };
  }

  private async readVersion(): Promise<1 | 2 | 3> {
    if (this.source.size < 4) throw new Malformed('is no GGUF file: it has fewer than 4 bytes');
    await this.need(4);
    const magic = this.text(4);
    if (magic !== 'GGUF') throw new Malformed('is no GGUF file: it does not begin with the letters GGUF');
    await this.need(4);
    const raw = this.u32();
    // Read in the wrong byte order, a small number has its lower half empty.
    if ((raw & 0xffff) === 0) this.little = false;
    const version = this.little ? raw : byteSwapped(raw);
    if (version !== 1 && version !== 2 && version !== 3)
      throw new Malformed(`says GGUF version ${version}, expected 1, 2 or 3`);
    this.lengthBytes = version === 1 ? 4 : 8;
    return version;
  }

  private async readMetadata(count: number): Promise<ReadonlyMap<string, GgufValue>> {
    const metadata = new Map<string, GgufValue>();
    for (let index = 0; index < count; index++) {
      this.at(`metadata entry ${index + 1} of ${count}`);
      const key = await this.name('a key', LONGEST_KEY);
      if (key === '') throw new Malformed(`${this.place} has an empty key`);
      if (metadata.has(key)) throw new Malformed(`has the metadata key ${quoted(key)} twice`);
      this.at('metadata key', key);
      await this.need(4);
      metadata.set(key, await this.value(this.u32()));
    }
    return metadata;
  }

  private async value(type: number): Promise<GgufValue> {
    if (type === STRING) {
      const bytes = await this.stringLength();
      if (bytes > LONGEST_KEPT_STRING || !this.mayKeep(bytes)) {
        this.position += bytes;
        return { kind: 'string', bytes, text: null };
      }
      await this.need(bytes);
      return { kind: 'string', bytes, text: this.text(bytes) };
    }
    if (type === ARRAY) return this.array(1);
    await this.need(this.widthOf(type));
    return { kind: 'scalar', value: this.scalar(type) };
  }

  private async array(depth: number): Promise<GgufValue> {
    if (depth > DEEPEST_ARRAY) throw new Malformed(`${this.place} nests arrays deeper than ${DEEPEST_ARRAY}`);
    await this.need(4 + this.lengthBytes);
    const type = this.u32();
    const length = this.length();
    if (type === STRING) return this.strings(length);
    if (type === ARRAY) {
      this.mustFit(length, 4 + this.lengthBytes, 'an array');
      this.nestedArrays += length;
      if (this.nestedArrays > MOST_NESTED_ARRAYS)
        throw new Malformed(`${this.place} holds more than ${MOST_NESTED_ARRAYS} arrays within arrays`);
      for (let index = 0; index < length; index++) await this.array(depth + 1);
      return { kind: 'array', length, items: null };
    }
    const width = this.widthOf(type);
    this.mustFit(length, width, 'an array');
    if (length > LONGEST_KEPT_ARRAY || !this.mayKeep(length * 8)) {
      this.position += length * width;
      return { kind: 'array', length, items: null };
    }
    await this.need(length * width);
    return { kind: 'array', length, items: Array.from({ length }, () => this.scalar(type)) };
  }

  /** Vocabularies are arrays of a hundred thousand strings and more: those are stepped over, one length at a time. */
  private async strings(length: number): Promise<GgufValue> {
    this.mustFit(length, this.lengthBytes, 'an array');
    const items: string[] | null = length <= LONGEST_KEPT_ARRAY ? [] : null;
    let keep = items !== null;
    for (let index = 0; index < length; index++) {
      if (!keep) index += this.skipStrings(length - index);
      if (index >= length) break;
      // Not through `need`: awaiting what is there already would be most of the time.
      if (!this.has(this.lengthBytes)) await this.need(this.lengthBytes);
      const bytes = this.length();
      if (bytes > this.source.size - this.position) this.tooLong(bytes);
      keep &&= bytes <= LONGEST_KEPT_STRING && this.mayKeep(bytes);
      if (!keep) {
        this.position += bytes;
        continue;
      }
      if (!this.has(bytes)) await this.need(bytes);
      items?.push(this.text(bytes));
    }
    return { kind: 'array', length, items: keep ? items : null };
  }

  /**
   * Steps over at most `count` strings whose lengths the buffer holds, and gives how many. A vocabulary has hundreds of
   * thousands of them: this loop is most of the time that a header takes, so it is free of calls and reads whole words.
   */
  private skipStrings(count: number): number {
    if (!this.little || this.lengthBytes !== 8) return 0;
    const { view } = this;
    const last = this.end - this.start - 8;
    const fileEnd = this.source.size - this.start;
    let at = this.position - this.start;
    let skipped = 0;
    while (skipped < count && at <= last) {
      // A length beyond 4 GiB is left to the slow way, which refuses it.
      if (view.getUint32(at + 4, true) !== 0) break;
      const next = at + 8 + view.getUint32(at, true);
      if (next > fileEnd) break;
      at = next;
      skipped++;
    }
    this.position = this.start + at;
    return skipped;
  }

  private async readTensorInfos(count: number, alignment: number): Promise<readonly TensorInfo[]> {
    const infos: TensorInfo[] = [];
    const names = new Set<string>();
    for (let index = 0; index < count; index++) {
      this.at(`tensor ${index + 1} of ${count}`);
      const name = await this.name('a name', LONGEST_NAME);
      if (names.has(name)) throw new Malformed(`has the tensor ${quoted(name)} twice`);
      names.add(name);
      this.at('tensor', name);
      if (!this.has(4)) await this.need(4);
      const rank = this.u32();
      if (rank > MOST_DIMENSIONS)
        throw new Malformed(`${this.place} has ${rank} dimensions, at most ${MOST_DIMENSIONS} are possible`);
      if (!this.has(rank * this.lengthBytes + 12)) await this.need(rank * this.lengthBytes + 12);
      const dims = Array.from({ length: rank }, () => this.length());
      const elements = dims.reduce((product, size) => product * size, 1);
      if (!dims.every(Number.isSafeInteger) || !Number.isSafeInteger(elements))
        throw new Malformed(`${this.place} has impossible sizes: ${dims.map(digits).join(' × ')}`);
      const typeId = this.u32();
      const offset = this.u64();
      if (!Number.isSafeInteger(offset) || offset % alignment !== 0)
        throw new Malformed(
          `${this.place} lies at ${digits(offset)}, expected a multiple of ${alignment} within the file`,
        );
      infos.push({ name, dims, typeId, offset });
    }
    return infos;
  }

  /** Adds the bytes of each tensor: from its type, or for a type that ggml does not have from where the next one begins. */
  private measure(
    infos: readonly TensorInfo[],
    dataOffset: number,
  ): { tensors: readonly GgufTensor[]; dataBytes: number } {
    const available = Math.max(0, this.source.size - dataOffset);
    const starts = [...new Set(infos.map((info) => info.offset)), available].sort((a, b) => a - b);
    const nextStart = new Map(starts.map((start, index) => [start, starts[index + 1] ?? start]));
    let dataBytes = 0;
    const tensors = infos.map(({ name, dims, typeId, offset }): GgufTensor => {
      const type = ggmlTypeById(typeId);
      if (type === null && typeId > LARGEST_TYPE)
        throw new Malformed(`tensor ${quoted(name)} has type ${typeId}, which is no type of ggml`);
      const row = dims[0] ?? 1;
      const elements = dims.reduce((product, size) => product * size, 1);
      const bytes =
        type === null ? (nextStart.get(offset) ?? offset) - offset : ggmlBytes(type, row, elements);
      if (bytes === null)
        throw new Malformed(
          `tensor ${quoted(name)} of type ${type?.name ?? typeId} has rows of ${row} elements, no multiple of ${type?.blockElements ?? 1}`,
        );
      if (!Number.isSafeInteger(offset + bytes))
        throw new Malformed(`tensor ${quoted(name)} has impossible sizes: ${dims.map(digits).join(' × ')}`);
      dataBytes = Math.max(dataBytes, offset + bytes);
      return { name, dims, type: type?.name ?? `type ${typeId}`, bytes, offset };
    });
    return { tensors, dataBytes };
  }

  /** A short string: a key or a tensor's name. */
  private async name(what: string, longest: number): Promise<string> {
    const bytes = await this.stringLength();
    if (bytes > longest)
      throw new Malformed(`${this.place} has ${what} of ${bytes} bytes, at most ${longest} are read`);
    if (!this.has(bytes)) await this.need(bytes);
    return this.text(bytes);
  }

  private async stringLength(): Promise<number> {
    if (!this.has(this.lengthBytes)) await this.need(this.lengthBytes);
    const bytes = this.length();
    if (bytes > this.source.size - this.position) this.tooLong(bytes);
    return bytes;
  }

  private tooLong(bytes: number): never {
    throw new Malformed(
      `${this.place} says a string of ${digits(bytes)} bytes, more than the ${this.source.size - this.position} that are left of the file`,
    );
  }

  private widthOf(type: number): number {
    const width = widths[type];
    if (width === undefined || width === 0)
      throw new Malformed(`${this.place} has value type ${type}, which GGUF does not define`);
    return width;
  }

  /** Refuses a count of `what` that exceeds the limit, or that the rest of the file cannot hold. */
  private mustHold(count: number, leastBytes: number, most: number, what: string): void {
    if (count > most) throw new Malformed(`says ${digits(count)} ${what}, at most ${most} are read`);
    this.mustFit(count, leastBytes, what);
  }

  private mustFit(count: number, leastBytes: number, what: string): void {
    const left = this.source.size - this.position;
    if (count * leastBytes <= left) return;
    const says =
      what === 'an array'
        ? `${this.place} says an array of ${digits(count)}`
        : `says ${digits(count)} ${what}`;
    throw new Malformed(`${says}, more than the ${left} bytes that are left of the file can hold`);
  }

  /** Whether a value of so many bytes is still kept. */
  private mayKeep(bytes: number): boolean {
    if (this.kept + bytes > MOST_KEPT_BYTES) return false;
    this.kept += bytes;
    return true;
  }

  private has(bytes: number): boolean {
    return this.position >= this.start && this.position + bytes <= this.end;
  }

  /** Makes the next `bytes` (at most a chunk) available in the buffer. */
  private async need(bytes: number): Promise<void> {
    if (this.has(bytes)) return;
    if (this.position + bytes > this.source.size) this.cutOff();
    const wanted = Math.max(bytes, this.fetched === 0 ? FIRST_CHUNK : CHUNK);
    const from = this.position;
    let held = 0;
    while (held < bytes) {
      const target = this.buffer.subarray(held, Math.min(wanted, this.source.size - from));
      const got = await this.source.read(from + held, target);
      if (got <= 0) this.cutOff();
      held += got;
      this.fetched += got;
      if (this.fetched > MOST_FETCHED_BYTES)
        throw new Malformed(
          `has a header of more than ${MOST_FETCHED_BYTES / 2 ** 20} MiB (it was followed up to ${this.place})`,
        );
    }
    this.start = from;
    this.end = from + held;
  }

  private at(thing: string, name: string | null = null): void {
    this.thing = thing;
    this.thingName = name;
  }

  private get place(): string {
    return this.thingName === null ? this.thing : `${this.thing} ${quoted(this.thingName)}`;
  }

  private cutOff(): never {
    throw new Malformed(`ends at byte ${this.source.size}, within ${this.place}: it is cut off`);
  }

  private u32(): number {
    const value = this.view.getUint32(this.position - this.start, this.little);
    this.position += 4;
    return value;
  }

  /** As a double: exact up to 2^53, and close enough beyond to be refused. */
  private u64(): number {
    const at = this.position - this.start;
    const first = this.view.getUint32(at, this.little);
    const second = this.view.getUint32(at + 4, this.little);
    this.position += 8;
    return this.little ? second * 2 ** 32 + first : first * 2 ** 32 + second;
  }

  /** A count or length in the version's width. */
  private length(): number {
    return this.lengthBytes === 4 ? this.u32() : this.u64();
  }

  private text(bytes: number): string {
    const at = this.position - this.start;
    this.position += bytes;
    return this.decoder.decode(this.buffer.subarray(at, at + bytes));
  }

  private scalar(type: number): number | bigint | boolean {
    const at = this.position - this.start;
    this.position += this.widthOf(type);
    switch (type) {
      case UINT8:
        return this.view.getUint8(at);
      case INT8:
        return this.view.getInt8(at);
      case UINT16:
        return this.view.getUint16(at, this.little);
      case INT16:
        return this.view.getInt16(at, this.little);
      case UINT32:
        return this.view.getUint32(at, this.little);
      case INT32:
        return this.view.getInt32(at, this.little);
      case FLOAT32:
        return this.view.getFloat32(at, this.little);
      case BOOL:
        return this.view.getUint8(at) !== 0;
      case UINT64:
        return exact(this.view.getBigUint64(at, this.little));
      case INT64:
        return exact(this.view.getBigInt64(at, this.little));
      case FLOAT64:
        return this.view.getFloat64(at, this.little);
      default:
        throw new Malformed(`${this.place} has value type ${type}, which GGUF does not define`);
    }
  }
}

/** `general.alignment`, a power of two, else 32. */
function alignmentOf(metadata: ReadonlyMap<string, GgufValue>): number {
  const entry = metadata.get('general.alignment');
  if (entry === undefined) return DEFAULT_ALIGNMENT;
  const value = entry.kind === 'scalar' ? entry.value : null;
  if (typeof value === 'number' && value >= 1 && value <= 2 ** 30 && Number.isInteger(Math.log2(value)))
    return value;
  throw new Malformed(`general.alignment is ${String(value ?? entry.kind)}, expected a power of two`);
}

function exact(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function byteSwapped(value: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, value);
  return view.getUint32(0, true);
}

/** A count in full digits, where a double would be shown with an exponent. */
function digits(count: number): string {
  return BigInt(count).toString();
}

/** A name from the file, fit for one line of text: shortened, and what is no printable character as a question mark. */
function quoted(name: string): string {
  const short = name.length > 80 ? `${name.slice(0, 77)}...` : name;
  return `"${short.replace(/\p{C}/gu, '?')}"`;
}
