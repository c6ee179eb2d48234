import type { JobDocument } from '../job/jobDocument';

/**
 * The job document with values set at dotted paths (`training.microBatch`, `models.0.quantization`). The document itself is left
 * alone. A path that leads nowhere creates what is missing, so that a nested object can be given.
 */
export function withSettings(job: JobDocument, set: Readonly<Record<string, unknown>>): JobDocument {
  let result: unknown = job;
  for (const [path, value] of Object.entries(set)) result = replaced(result, path.split('.'), value);
  return result as JobDocument;
}

/** The value at a dotted path; undefined where there is none. */
export function settingAt(job: JobDocument, path: string): unknown {
  let current: unknown = job;
  for (const part of path.split('.')) {
    if (typeof current !== 'object' || current === null) return undefined;
    current = (current as Readonly<Record<string, unknown>>)[part];
  }
  return current;
}

function replaced(node: unknown, path: readonly string[], value: unknown): unknown {
  const [head, ...rest] = path;
  if (head === undefined) return value;
  if (Array.isArray(node))
    return node.map((item: unknown, index) => (String(index) === head ? replaced(item, rest, value) : item));
  const object = typeof node === 'object' && node !== null ? (node as Readonly<Record<string, unknown>>) : {};
  return { ...object, [head]: replaced(object[head], rest, value) };
}
