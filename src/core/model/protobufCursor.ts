import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import type { ByteSource } from './byteSource';

/** Most bytes of a file that are fetched to find the tensors in it. */
export const MOST_FETCHED_BYTES = 64 * 2 ** 20;
/** A graph of a hundred thousand nodes has fewer, those within small nodes not counted. */
const MOST_FIELDS = 2_000_000;
const WINDOW = 64 * 1024;
/** After a jump over data: the next tensor's few fields. */
const SMALL_WINDOW = 4 * 1024;
/** A tag and a length, each a varint of at most ten bytes. */
const LONGEST_TAG = 20;

/** The file is no protobuf message, or contradicts itself. The message is a sentence without the file's name. */
export class MalformedMessage extends Error {}

/** One field of a message: where its value lies. A varint's value is there at once. */
export interface Field {
  readonly number: number;
  readonly wire: WireType;
  /** Start of a length-delimited value. */
  readonly start: number;
  /** Where the next field begins. */
  readonly end: number;
  /** A varint, else 0. */
  readonly value: number;
}

/**
 * Walks protobuf messages in a file of any size without reading their data: a window over the file holds tags and lengths,
 * which the protobuf library decodes, and whatever is not asked for is jumped over.
 */
export class ProtobufCursor {
  private window = new Uint8Array(0);
  private reader = new BinaryReader(this.window);
  private windowStart = 0;
  private fetched = 0;
  private fields = 0;
  private readonly decoder = new TextDecoder('utf-8');

  constructor(private readonly source: ByteSource) {}

  get size(): number {
    return this.source.size;
  }

  /** The field at `position` of a message that ends at `end`. @throws MalformedMessage */
  async field(position: number, end: number): Promise<Field> {
    if (!this.holds(position, Math.min(LONGEST_TAG, end - position)))
      await this.fetch(position, Math.min(LONGEST_TAG, end - position));
    if (++this.fields > MOST_FIELDS) throw new MalformedMessage(`has more than ${MOST_FIELDS} fields`);
    const { reader, windowStart } = this;
    reader.pos = position - windowStart;
    try {
      const [number, wire] = reader.tag();
      const value =
        wire === WireType.Varint || wire === WireType.LengthDelimited ? Number(reader.uint64()) : 0;
      const start = windowStart + reader.pos;
      const bytes =
        wire === WireType.LengthDelimited
          ? value
          : wire === WireType.Bit64
            ? 8
            : wire === WireType.Bit32
              ? 4
              : 0;
      if (wire === WireType.StartGroup || wire === WireType.EndGroup)
        throw new MalformedMessage(`has a group at byte ${position}, which ONNX does not use`);
      if (bytes > end - start)
        throw new MalformedMessage(
          `says ${BigInt(bytes).toString()} bytes at byte ${position}, more than the ${Math.max(0, end - start)} that are left`,
        );
      return { number, wire, start, end: start + bytes, value: wire === WireType.Varint ? value : 0 };
    } catch (error) {
      if (error instanceof MalformedMessage) throw error;
      throw new MalformedMessage(`is no protobuf message at byte ${position}`);
    }
  }

  /** The text of a length-delimited field of at most `longest` bytes. @throws MalformedMessage */
  async text(field: Field, longest: number): Promise<string> {
    const bytes = field.end - field.start;
    if (field.wire !== WireType.LengthDelimited || bytes > longest)
      throw new MalformedMessage(
        `has a text of ${bytes} bytes at byte ${field.start}, at most ${longest} are read`,
      );
    if (!this.holds(field.start, bytes)) await this.fetch(field.start, bytes);
    const at = field.start - this.windowStart;
    return this.decoder.decode(this.window.subarray(at, at + bytes));
  }

  /** The varints of a packed field, at most `most` of them; of a plain one its single value. @throws MalformedMessage */
  async varints(field: Field, most: number): Promise<readonly number[]> {
    if (field.wire === WireType.Varint) return [field.value];
    const bytes = field.end - field.start;
    if (bytes > 10 * most) throw new MalformedMessage(`has more than ${most} sizes at byte ${field.start}`);
    if (!this.holds(field.start, bytes)) await this.fetch(field.start, bytes);
    const values: number[] = [];
    this.reader.pos = field.start - this.windowStart;
    try {
      while (this.reader.pos < field.end - this.windowStart) values.push(Number(this.reader.uint64()));
    } catch {
      throw new MalformedMessage(`is no protobuf message at byte ${field.start}`);
    }
    return values;
  }

  private holds(position: number, bytes: number): boolean {
    return position >= this.windowStart && position + bytes <= this.windowStart + this.window.length;
  }

  private async fetch(position: number, bytes: number): Promise<void> {
    const jumped = position > this.windowStart + this.window.length;
    const wanted = Math.max(bytes, jumped ? SMALL_WINDOW : WINDOW);
    const target = new Uint8Array(Math.max(0, Math.min(wanted, this.source.size - position)));
    let held = 0;
    while (held < target.length) {
      const got = await this.source.read(position + held, target.subarray(held));
      if (got <= 0) break;
      held += got;
    }
    this.fetched += held;
    if (this.fetched > MOST_FETCHED_BYTES)
      throw new MalformedMessage(
        `needs more than ${MOST_FETCHED_BYTES / 2 ** 20} MiB to be read, data apart`,
      );
    if (held < bytes) throw new MalformedMessage(`ends at byte ${position + held}: it is cut off`);
    this.window = target.subarray(0, held);
    this.reader = new BinaryReader(this.window);
    this.windowStart = position;
  }
}
