import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { findGgmlType, ggmlBytes } from '../../src/core/model/ggmlTypes';
import type { GgufScalar, GgufTensor, GgufValue } from '../../src/core/model/gguf';
import type { GgufContents } from '../../src/core/model/ggufSplit';

/** What tools/oracle/gguf recorded of ggml's types. */
export interface RecordedTypes {
  readonly source: string;
  readonly types: Readonly<Record<string, readonly [id: number, elements: number, bytes: number]>>;
  readonly fileTypes: Readonly<Record<string, number>>;
}

/** A model as the converter wrote it. */
export interface RecordedModel {
  readonly config: Readonly<Record<string, unknown>>;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Shapes in torch's order. */
  readonly tensors: readonly (readonly [name: string, shape: readonly number[], type: string])[];
  readonly dataOffset: number;
  readonly fileBytes: number;
}

/** What llama-quantize made of one model. `others` holds the indices of the tensors that have not the commonest type. */
export type RecordedRun =
  | { readonly refused: string }
  | {
      readonly fileBytes?: number;
      readonly most: string;
      readonly others: Readonly<Record<string, readonly number[]>>;
    };

export interface RecordedMixes {
  readonly source: string;
  readonly runs: Readonly<
    Record<string, Readonly<Record<string, { readonly plain: RecordedRun; readonly imatrix: RecordedRun }>>>
  >;
}

function fixture(name: string): unknown {
  const bytes = readFileSync(resolve('test', 'fixtures', 'gguf', name));
  return JSON.parse((name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString());
}

export function recordedTypes(): RecordedTypes {
  return fixture('ggmlTypes.json') as RecordedTypes;
}

export function recordedModels(): Readonly<Record<string, RecordedModel>> {
  return (fixture('models.json.gz') as { models: Record<string, RecordedModel> }).models;
}

export function recordedMixes(): RecordedMixes {
  return fixture('mixes.json.gz') as RecordedMixes;
}

/** A recorded model as the header reader gives it. */
export function contentsOf(model: Pick<RecordedModel, 'metadata' | 'tensors'>): GgufContents {
  let offset = 0;
  const tensors = model.tensors.map(([name, shape, type]): GgufTensor => {
    const found = findGgmlType(type);
    if (found === null) throw new Error(`no type ${type}`);
    const elements = shape.reduce((product, size) => product * size, 1);
    const bytes = ggmlBytes(found, shape.at(-1) ?? 1, elements) ?? 0;
    const tensor = { name, dims: [...shape].reverse(), type, bytes, offset };
    offset += Math.ceil(bytes / 32) * 32;
    return tensor;
  });
  return {
    metadata: new Map(
      Object.entries(model.metadata)
        .filter(([, value]) => value !== undefined && value !== null)
        .map(([key, value]) => [key, valueOf(value)]),
    ),
    tensors,
    missingBytes: 0,
  };
}

function valueOf(value: unknown): GgufValue {
  if (typeof value === 'string') return { kind: 'string', bytes: value.length, text: value };
  if (typeof value === 'number' || typeof value === 'boolean') return { kind: 'scalar', value };
  if (Array.isArray(value)) return { kind: 'array', length: value.length, items: value as GgufScalar[] };
  return { kind: 'array', length: (value as { length: number }).length, items: null };
}
