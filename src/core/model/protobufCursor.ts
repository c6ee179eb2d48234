import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import type { ByteSource } from './byteSource';

/** Most bytes of a file that are fetched to find the tensors in it. */
export const MOST_FETCHED_BYTES = 64 * 2 ** 20;
/** A graph of a hundred thousand nodes has fewer, those within small nodes not counted. */
const MOST_FIELDS = 2_000_000;
const FIRST_WINDOW = 64 * 1024;
const WINDOW = 512 * 1024;
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
  private buffer = new Uint8Array(0);
  private window = this.buffer;
  private reader = new BinaryReader(this.window);
  private windowStart = 0;
  private fetched = 0;
  private fields = 0;
  private readonly decoder = new TextDecoder('utf-8');

  constructor(private readonly source: ByteSource) {}

  get size(): number {
    return this.source.size;
  }

  /**
   * The field at `position` of a message that ends at `end`: at once where the window holds it, which is nearly always.
   * @throws MalformedMessage
   */
  field(position: number, end: number): Field | Promise<Field> {
    if (++this.fields > MOST_FIELDS) throw new MalformedMessage(`has more than ${MOST_FIELDS} fields`);
    const bytes = Math.min(LONGEST_TAG, end - position);
    return this.holds(position, bytes)
      ? this.heldField(position, end)
      : this.fetch(position, bytes).then(() => this.heldField(position, end));
  }

  private heldField(position: number, end: number): Field {
    const { reader, windowStart } = this;
    reader.pos = position - windowStart;
    try {
      const [number, wire] = reader.tag();
      const value = wire === WireType.Varint || wire === WireType.LengthDelimited ? this.varint() : 0;
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
  text(field: Field, longest: number): string | Promise<string> {
    const bytes = field.end - field.start;
    if (field.wire !== WireType.LengthDelimited || bytes > longest)
      throw new MalformedMessage(
        `has a text of ${bytes} bytes at byte ${field.start}, at most ${longest} are read`,
      );
    return this.holds(field.start, bytes)
      ? this.heldText(field)
      : this.fetch(field.start, bytes).then(() => this.heldText(field));
  }

  private heldText({ start, end }: Field): string {
    return this.decoder.decode(this.window.subarray(start - this.windowStart, end - this.windowStart));
  }

  /** The varints of a packed field, at most `most` of them; of a plain one its single value. @throws MalformedMessage */
  varints(field: Field, most: number): readonly number[] | Promise<readonly number[]> {
    if (field.wire === WireType.Varint) return [field.value];
    const bytes = field.end - field.start;
    if (bytes > 10 * most) throw new MalformedMessage(`has more than ${most} sizes at byte ${field.start}`);
    return this.holds(field.start, bytes)
      ? this.heldVarints(field)
      : this.fetch(field.start, bytes).then(() => this.heldVarints(field));
  }

  /** As a number: exact up to 2^53, and close enough beyond to be refused. Short ones take no bigint. */
  private varint(): number {
    const { reader } = this;
    const start = reader.pos;
    const short = reader.uint32();
    if (reader.pos - start < 5) return short;
    reader.pos = start;
    return Number(reader.uint64());
  }

  private heldVarints({ start, end }: Field): readonly number[] {
    const values: number[] = [];
    this.reader.pos = start - this.windowStart;
    try {
      while (this.reader.pos < end - this.windowStart) values.push(this.varint());
    } catch {
      throw new MalformedMessage(`is no protobuf message at byte ${start}`);
    }
    return values;
  }

  private holds(position: number, bytes: number): boolean {
    return position >= this.windowStart && position + bytes <= this.windowStart + this.window.length;
  }

  private async fetch(position: number, bytes: number): Promise<void> {
    const jumped = position > this.windowStart + this.window.length;
    const usual = jumped ? SMALL_WINDOW : this.fetched === 0 ? FIRST_WINDOW : WINDOW;
    const wanted = Math.max(0, Math.min(Math.max(bytes, usual), this.source.size - position));
    // One buffer for all: a new one each time is work for the garbage collector.
    if (this.buffer.length < wanted) this.buffer = new Uint8Array(wanted);
    const target = this.buffer.subarray(0, wanted);
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
