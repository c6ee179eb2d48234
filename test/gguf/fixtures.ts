import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';

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
