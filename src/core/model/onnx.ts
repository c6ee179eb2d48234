import { dtypeBytes, type Dtype } from '../units/dtype';
import type { ByteSource } from './byteSource';
import { shown } from './configReader';
import { MalformedMessage, ProtobufCursor, type Field } from './protobufCursor';
import type { HeaderTensor } from './safetensors';

/*
 * The tensors of an ONNX model. There is no header: every initialiser is a message with its data inside or in another file.
 * Messages and field numbers are those of onnx/onnx.proto (ModelProto, GraphProto, NodeProto, AttributeProto, TensorProto,
 * StringStringEntryProto, FunctionProto); data is jumped over, so that a file of any size takes as many small reads as it
 * has large tensors.
 */

const MOST_TENSORS = 500_000;
const MOST_DIMENSIONS = 16;
const LONGEST_NAME = 4096;
/** If and Loop hold graphs within graphs; no exporter goes deeper than a few. */
const DEEPEST_GRAPH = 16;
/** Nodes above this many bytes are looked into: they hold graphs or tensors. */
const LARGE_NODE = 512;

/** TensorProto.DataType */
const dtypes: ReadonlyMap<number, Dtype> = new Map([
  [1, 'f32'],
  [2, 'u8'],
  [3, 'i8'],
  [5, 'i16'],
  [6, 'i32'],
  [7, 'i64'],
  [9, 'bool'],
  [10, 'f16'],
  [11, 'f64'],
  [16, 'bf16'],
  [17, 'f8_e4m3'],
  [18, 'f8_e4m3'],
  [19, 'f8_e5m2'],
  [20, 'f8_e5m2'],
  [21, 'u4'],
  [22, 'i4'],
  [23, 'f4'],
  [24, 'f8_e8m0'],
]);
/** Bytes of an element of the others: uint16, uint32, uint64, complex64, complex128, uint2, int2. */
const otherBytes: ReadonlyMap<number, number> = new Map([
  [4, 2],
  [12, 4],
  [13, 8],
  [14, 8],
  [15, 16],
  [25, 0.25],
  [26, 0.25],
]);
const STRING = 8;

/** What an ONNX file holds. */
export interface OnnxContents {
  readonly tensors: readonly HeaderTensor[];
  /** Bytes of the file itself that the tensors take, and for each file beside it how long that has to be. */
  readonly external: ReadonlyMap<string, number>;
  /** Tensors without any data: a model whose weights were taken out. */
  readonly empty: number;
  /** `pytorch 2.5.1`; empty when the file does not say. */
  readonly producer: string;
}

export type OnnxOutcome =
  | { readonly ok: true; readonly contents: OnnxContents }
  /** One sentence that says what is wrong with the file, without its name. */
  | { readonly ok: false; readonly reason: string };

/**
 * Reads names, types and sizes of all initialisers, of constants and of graphs within nodes; never the data. A file that
 * is no ONNX model, is cut off or claims impossible sizes gives `ok: false`. Rejects only with what `source.read` rejects
 * with.
 */
export async function readOnnx(source: ByteSource): Promise<OnnxOutcome> {
  try {
    return { ok: true, contents: await new ModelReader(new ProtobufCursor(source)).read() };
  } catch (error) {
    if (error instanceof MalformedMessage) return { ok: false, reason: error.message };
    throw error;
  }
}

class ModelReader {
  private readonly tensors: HeaderTensor[] = [];
  private readonly names = new Set<string>();
  private readonly external = new Map<string, number>();
  private empty = 0;

  constructor(private readonly cursor: ProtobufCursor) {}

  async read(): Promise<OnnxContents> {
    if (this.cursor.size === 0) throw new MalformedMessage('is no ONNX model: it is empty');
    const producer: string[] = [];
    let graphs = 0;
    await this.each(0, this.cursor.size, async (field) => {
      // ModelProto: producer_name = 2, producer_version = 3, graph = 7, functions = 25
      if (field.number === 2 || field.number === 3)
        producer.push(await this.cursor.text(field, LONGEST_NAME));
      else if (field.number === 7) {
        graphs++;
        await this.graph(field, '', 0);
      } else if (field.number === 25) await this.function(field);
    });
    if (graphs === 0) throw new MalformedMessage('is no ONNX model: it holds no graph');
    return {
      tensors: this.tensors,
      external: this.external,
      empty: this.empty,
      producer: producer.filter((part) => part !== '').join(' '),
    };
  }

  /** Every field of a message. What is there already is not waited for: that would be most of the time. */
  private async each(
    start: number,
    end: number,
    take: (field: Field) => Promise<unknown> | undefined,
  ): Promise<void> {
    let position = start;
    while (position < end) {
      const found = this.cursor.field(position, end);
      const field = found instanceof Promise ? await found : found;
      position = field.end;
      const pending = take(field);
      if (pending !== undefined) await pending;
    }
  }

  /** Hands over the text of a field, at once where it is there. */
  private text(field: Field, take: (text: string) => void): Promise<void> | undefined {
    const text = this.cursor.text(field, LONGEST_NAME);
    if (text instanceof Promise) return text.then(take);
    take(text);
    return undefined;
  }

  /** GraphProto: node = 1, initializer = 5, sparse_initializer = 15. */
  private async graph(message: Field, prefix: string, depth: number): Promise<void> {
    if (depth > DEEPEST_GRAPH) throw new MalformedMessage(`nests graphs deeper than ${DEEPEST_GRAPH}`);
    await this.each(message.start, message.end, (field) => {
      if (field.number === 1) return this.node(field, prefix, depth);
      if (field.number === 5) return this.tensor(field, prefix, null);
      return field.number === 15 ? this.sparse(field, prefix) : undefined;
    });
  }

  /** FunctionProto: name = 1, node = 7. */
  private async function(message: Field): Promise<void> {
    let name = '';
    await this.each(message.start, message.end, (field) => {
      if (field.number === 1) return this.text(field, (text) => (name = text));
      return field.number === 7 ? this.node(field, `${name}/`, 0) : undefined;
    });
  }

  /** NodeProto: output = 2, name = 3, attribute = 5. A constant is called after the value that it makes. */
  private node(message: Field, prefix: string, depth: number): Promise<void> | undefined {
    if (message.end - message.start < LARGE_NODE) return undefined;
    let output = '';
    let name = '';
    return this.each(message.start, message.end, (field) => {
      if (field.number === 2 && output === '') return this.text(field, (text) => (output = text));
      if (field.number === 3) return this.text(field, (text) => (name = text));
      const large = field.number === 5 && field.end - field.start >= LARGE_NODE / 2;
      return large ? this.attribute(field, prefix, output, name, depth) : undefined;
    });
  }

  /** AttributeProto: name = 1, t = 5, g = 6, tensors = 10, graphs = 11. */
  private async attribute(
    message: Field,
    prefix: string,
    output: string,
    node: string,
    depth: number,
  ): Promise<void> {
    let name = '';
    let index = 0;
    await this.each(message.start, message.end, (field) => {
      if (field.number === 1) return this.text(field, (text) => (name = text));
      if (field.number === 5) return this.tensor(field, prefix, output);
      if (field.number === 10) return this.tensor(field, prefix, `${output}.${index++}`);
      return field.number === 6 || field.number === 11
        ? this.graph(field, `${prefix}${node === '' ? output : node}/${name}/`, depth + 1)
        : undefined;
    });
  }

  /** SparseTensorProto: values = 1, indices = 2, both tensors. */
  private async sparse(message: Field, prefix: string): Promise<void> {
    let name = '';
    await this.each(message.start, message.end, (field) => {
      if (field.number === 1) return this.tensor(field, prefix, null).then((own) => (name = own));
      return field.number === 2 ? this.tensor(field, prefix, `${name}.indices`) : undefined;
    });
  }

  /**
   * TensorProto: dims = 1, data_type = 2, data in 4 to 7, 9, 10 and 11, name = 8, external_data = 13, data_location = 14.
   * `called` is its name where it has none of its own.
   */
  private async tensor(message: Field, prefix: string, called: string | null): Promise<string> {
    const shape: number[] = [];
    let type = 0;
    let name = '';
    let rawBytes: number | null = null;
    let typedBytes = 0;
    const location = { file: null as string | null, offset: 0, length: null as number | null };
    await this.each(message.start, message.end, (field) => {
      switch (field.number) {
        case 1: {
          const sizes = this.cursor.varints(field, MOST_DIMENSIONS);
          if (sizes instanceof Promise) return sizes.then((found) => shape.push(...found));
          shape.push(...sizes);
          break;
        }
        case 2:
          type = field.value;
          break;
        case 8:
          return this.text(field, (text) => (name = text));
        case 9:
          rawBytes = field.end - field.start;
          break;
        case 13:
          return this.externalEntry(field, location);
        case 4:
        case 5:
        case 6:
        case 7:
        case 10:
        case 11:
          typedBytes += field.end - field.start + 1;
          break;
        default:
      }
      return undefined;
    });
    const full = prefix + (name === '' ? (called ?? '') : name);
    this.add(full, shape, type, { raw: rawBytes, typed: typedBytes }, location);
    return full;
  }

  /** StringStringEntryProto: key = 1, value = 2. Keys: onnx/docs/ExternalData.md. */
  private async externalEntry(
    message: Field,
    location: { file: string | null; offset: number; length: number | null },
  ): Promise<void> {
    let key = '';
    let value = '';
    await this.each(message.start, message.end, (field) => {
      if (field.number === 1) return this.text(field, (text) => (key = text));
      return field.number === 2 ? this.text(field, (text) => (value = text)) : undefined;
    });
    if (key === 'location') location.file = value;
    else if (key === 'offset' || key === 'length') {
      const number = Number(value);
      if (!Number.isSafeInteger(number) || number < 0)
        throw new MalformedMessage(
          `says ${key} ${shown(value)} of external data, expected a number of bytes`,
        );
      location[key] = number;
    }
  }

  private add(
    name: string,
    shape: readonly number[],
    type: number,
    held: { readonly raw: number | null; readonly typed: number },
    location: { readonly file: string | null; readonly offset: number; readonly length: number | null },
  ): void {
    if (type === STRING) return;
    const dtype = dtypes.get(type) ?? null;
    const elementBytes = dtype === null ? otherBytes.get(type) : dtypeBytes(dtype);
    const called = `tensor ${shown(name)}`;
    if (elementBytes === undefined)
      throw new MalformedMessage(`${called} has data type ${type}, which ONNX does not define`);
    const elements = shape.reduce((product, size) => product * size, 1);
    if (
      shape.length > MOST_DIMENSIONS ||
      !shape.every(Number.isSafeInteger) ||
      !Number.isSafeInteger(elements)
    )
      throw new MalformedMessage(`${called} has impossible sizes`);
    const bytes = Math.ceil(elements * elementBytes);
    if (held.raw !== null && held.raw !== bytes)
      throw new MalformedMessage(`${called} takes ${held.raw} bytes, its shape and type ask for ${bytes}`);
    if (location.length !== null && location.file !== null && location.length !== bytes)
      throw new MalformedMessage(
        `${called} takes ${location.length} bytes, its shape and type ask for ${bytes}`,
      );
    if (this.names.has(name)) throw new MalformedMessage(`has the ${called} twice`);
    if (this.tensors.length >= MOST_TENSORS)
      throw new MalformedMessage(`holds more than ${MOST_TENSORS} tensors`);
    this.names.add(name);
    this.tensors.push({ name, shape, dtype, bytes });
    if (location.file !== null)
      this.external.set(
        location.file,
        Math.max(this.external.get(location.file) ?? 0, location.offset + bytes),
      );
    else if (held.raw === null && held.typed === 0 && bytes > 0) this.empty++;
  }
}
