import { type Dtype, dtypeBytes } from '../units/dtype';
import { isRecord, shown } from './configReader';
import { readLaidOut } from './safetensorsLayout';
import { readIndexLaidOut } from './weightIndexLayout';

/** One tensor as a checkpoint's header describes it. */
export interface HeaderTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** null for an element type that no weight has (complex numbers, unsigned words of packed values). */
  readonly dtype: Dtype | null;
  readonly bytes: number;
}

/** The tensors of a checkpoint, of one file or of all its shards, as their headers say. */
export interface WeightHeader {
  readonly tensors: readonly HeaderTensor[];
  readonly totalBytes: number;
  /** `model.safetensors`, `163 safetensors files`: for people. */
  readonly source: string;
  /** False when a shard that the index names is not there. */
  readonly complete: boolean;
  /** Sentences about what the files leave open. */
  readonly notes?: readonly string[];
}

export type HeaderOutcome =
  { readonly ok: true; readonly header: WeightHeader } | { readonly ok: false; readonly reason: string };

/** The longest header that is read. The format allows 100 MB; the largest published models stay under a tenth of this. */
export const MAX_HEADER_BYTES = 32_000_000;
const MOST_TENSORS = 500_000;
const MOST_DIMENSIONS = 16;

interface ElementType {
  readonly dtype: Dtype | null;
  readonly bytes: number;
}

const plain = (dtype: Dtype): ElementType => ({ dtype, bytes: dtypeBytes(dtype) });

/** Element types of the format (safetensors/src/tensor.rs, `Dtype`). */
const elementTypes: ReadonlyMap<string, ElementType> = new Map([
  ['F64', plain('f64')],
  ['F32', plain('f32')],
  ['BF16', plain('bf16')],
  ['F16', plain('f16')],
  ['F8_E4M3', plain('f8_e4m3')],
  ['F8_E4M3FNUZ', plain('f8_e4m3')],
  ['F8_E5M2', plain('f8_e5m2')],
  ['F8_E5M2FNUZ', plain('f8_e5m2')],
  ['F8_E8M0', plain('f8_e8m0')],
  ['F6_E2M3', { dtype: null, bytes: 0.75 }],
  ['F6_E3M2', { dtype: null, bytes: 0.75 }],
  ['F4', plain('f4')],
  ['I64', plain('i64')],
  ['I32', plain('i32')],
  ['I16', plain('i16')],
  ['I8', plain('i8')],
  ['U8', plain('u8')],
  ['U16', { dtype: null, bytes: 2 }],
  ['U32', { dtype: null, bytes: 4 }],
  ['U64', { dtype: null, bytes: 8 }],
  ['BOOL', plain('bool')],
  ['C64', { dtype: null, bytes: 8 }],
]);

/**
 * Reads the JSON header of a safetensors file. `dataBytes` is what the file holds after the header (null = not known).
 * Sizes, types and offsets must agree, and the tensors must lie end to end, as the format demands. Never throws.
 */
export function parseSafetensorsHeader(
  json: string,
  dataBytes: number | null,
  source = 'safetensors header',
): HeaderOutcome {
  if (json.length > MAX_HEADER_BYTES)
    return refused(`the header has ${json.length} characters, at most ${MAX_HEADER_BYTES} are read`);
  const read = tensorsLaidOut(json) ?? tensorsOf(json);
  if (typeof read === 'string') return refused(read);
  const { tensors, end } = read;
  if (dataBytes !== null && end !== dataBytes)
    return refused(`the header describes ${end} bytes of tensors, the file holds ${dataBytes}`);
  return { ok: true, header: { tensors, totalBytes: end, source, complete: true } };
}

/** Tensors with the end of the last one. */
interface TensorsRead {
  readonly tensors: readonly HeaderTensor[];
  readonly end: number;
}

const notEndToEnd = 'the tensors of the header overlap or leave gaps';

/** What the safetensors library wrote, tensor after tensor; null for any other layout, which JSON tells more about. */
function tensorsLaidOut(json: string): TensorsRead | null {
  const tensors: HeaderTensor[] = [];
  let end = 0;
  // Gaps, wrong sizes: the general way words what is wrong.
  let faults = 0;
  const laidOut = readLaidOut(json, (name, dtype, shape, begin, next) => {
    const tensor = checkedTensor(name, dtype, shape, begin, next);
    if (typeof tensor === 'string' || begin !== end) faults++;
    else tensors.push(tensor);
    end = next;
  });
  return laidOut && faults === 0 && tensors.length <= MOST_TENSORS ? { tensors, end } : null;
}

/** Any other header: as JSON, with every type checked. */
function tensorsOf(json: string): TensorsRead | string {
  let root: unknown;
  try {
    root = JSON.parse(json);
  } catch {
    return 'the header is not JSON';
  }
  if (!isRecord(root)) return 'the header is not an object';
  const names = Object.keys(root).filter((name) => name !== '__metadata__');
  if (names.length > MOST_TENSORS) return tooMany(names.length);
  const tensors: HeaderTensor[] = [];
  const spans: [begin: number, end: number][] = [];
  for (const name of names) {
    const read = readTensor(name, root[name]);
    if (typeof read === 'string') return read;
    tensors.push(read.tensor);
    spans.push(read.span);
  }
  if (names.length > 0 && occurrences(json, '"data_offsets"') > names.length + inMetadata(root))
    return 'the header names a tensor twice';
  const end = endToEnd(spans);
  return end === null ? notEndToEnd : { tensors, end };
}

function tooMany(count: number): string {
  return `the header names ${count} tensors, at most ${MOST_TENSORS} are read`;
}

function refused(reason: string): HeaderOutcome {
  return { ok: false, reason };
}

function readTensor(name: string, entry: unknown): { tensor: HeaderTensor; span: [number, number] } | string {
  const called = shown(name);
  if (!isRecord(entry)) return `tensor ${called} of the header is not an object`;
  const { dtype, shape, data_offsets: offsets } = entry;
  if (!isSizes(shape) || shape.length > MOST_DIMENSIONS)
    return `tensor ${called} has shape ${shown(shape)}, expected a list of sizes`;
  if (!isSizes(offsets) || offsets.length !== 2)
    return `tensor ${called} has data_offsets ${shown(offsets)}, expected a beginning and an end`;
  const [begin = 0, end = 0] = offsets;
  const tensor = checkedTensor(name, dtype, shape, begin, end);
  return typeof tensor === 'string' ? tensor : { tensor, span: [begin, end] };
}

function checkedTensor(
  name: string,
  dtype: unknown,
  shape: readonly number[],
  begin: number,
  end: number,
): HeaderTensor | string {
  const type = typeof dtype === 'string' ? elementTypes.get(dtype) : undefined;
  if (type === undefined) return `tensor ${shown(name)} has dtype ${shown(dtype)}, which is not known`;
  let bytes = type.bytes;
  for (const size of shape) bytes *= size;
  if (end - begin !== Math.ceil(bytes))
    return `tensor ${shown(name)} takes ${end - begin} bytes, its shape and dtype ask for ${bytes}`;
  return { name, shape, dtype: type.dtype, bytes: end - begin };
}

function isSizes(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

function occurrences(text: string, word: string): number {
  let count = 0;
  for (let i = text.indexOf(word); i !== -1; i = text.indexOf(word, i + word.length)) count++;
  return count;
}

function inMetadata(root: Readonly<Record<string, unknown>>): number {
  const metadata = root['__metadata__'];
  return isRecord(metadata) ? occurrences(JSON.stringify(metadata), '"data_offsets"') : 0;
}

/** The end of the last tensor when they lie end to end from 0; null when they do not. */
function endToEnd(spans: [begin: number, end: number][]): number | null {
  spans.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  let position = 0;
  for (const [begin, end] of spans) {
    if (begin !== position) return null;
    position = end;
  }
  return position;
}

/** What `model.safetensors.index.json` or `pytorch_model.bin.index.json` says: the shard of each tensor, and the bytes of all. */
export interface WeightIndex {
  /** File names without a path, each once, in the order of the names. */
  readonly files: readonly string[];
  readonly tensorNames: readonly string[];
  /** `metadata.total_size`; null when it is missing. */
  readonly totalBytes: number | null;
}

export type IndexOutcome =
  { readonly ok: true; readonly index: WeightIndex } | { readonly ok: false; readonly reason: string };

/** Reads an index of shards. Names that are paths are refused: an index speaks of its own folder alone. Never throws. */
export function parseWeightIndex(json: string): IndexOutcome {
  const quick = readIndexLaidOut(json);
  const rest = quick === null ? undefined : parsedJson(quick.rest);
  // Only a weight_map of the whole is taken out of it, none that stands within something else.
  const laidOut = isRecord(rest) && isEmpty(rest['weight_map']) ? quick : null;
  const root = laidOut === null ? parsedJson(json) : rest;
  if (root === undefined) return { ok: false, reason: 'the index is not JSON' };
  const map = isRecord(root) ? root['weight_map'] : undefined;
  if (!isRecord(root) || !isRecord(map)) return { ok: false, reason: 'the index has no weight_map' };
  const names = laidOut?.names ?? Object.keys(map);
  const files = new Set<string>();
  for (const file of laidOut?.files ?? Object.values(map)) {
    if (typeof file !== 'string' || !/^[\w.-]+\.(safetensors|bin)$/u.test(file))
      return { ok: false, reason: `the index names ${shown(file)}, expected the name of a weight file` };
    files.add(file);
  }
  // A name that comes twice hides one of its files.
  const values = laidOut === null ? occurrences(json, '.safetensors"') + occurrences(json, '.bin"') : 0;
  const alike = (): number => names.filter((name) => /\.(?:safetensors|bin)$/u.test(name)).length;
  if (values > names.length && values > names.length + alike())
    return { ok: false, reason: 'the index names a tensor twice' };
  const metadata = root['metadata'];
  const total = isRecord(metadata) ? metadata['total_size'] : undefined;
  return {
    ok: true,
    index: {
      files: [...files].sort(),
      tensorNames: names,
      totalBytes: typeof total === 'number' && Number.isSafeInteger(total) && total >= 0 ? total : null,
    },
  };
}

function isEmpty(value: unknown): boolean {
  return isRecord(value) && Object.keys(value).length === 0;
}

/** undefined for a text that is no JSON. */
function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
