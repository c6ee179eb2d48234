import { completeJob } from '../completeJob';
import { entryOf, plainValue, type ConfigNode, type MapEntry, type ParsedText } from '../document/configNode';
import { editKeys, type KeyChange, type PlainValue } from '../document/editDocument';
import type { FileContext, Format } from '../format';
import type { Job, RecognitionOutcome, Reference, SettingProblem } from '../job';
import type { JobDocument } from '../jobDocument';
import { draftOf, readJobInput, type OriginOf } from '../jobInput';
import { magicComment } from '../magicComment';
import { lineAt, type TextEdit } from '../../units/span';

export function sniffJobFile(_text: string, path: string): boolean {
  return /\.rooflens\.jsonc?$/i.test(path);
}

/** The job document, `*.rooflens.json`: one job, or a list of them. */
export const jobFile: Format = {
  kind: 'job',
  title: 'Rooflens job',
  sniff: sniffJobFile,

  read(parsed, context): RecognitionOutcome | null {
    const root = parsed.roots[0];
    if (root === undefined) return null;
    return readJobs(parsed, context, root);
  },

  edits(parsed, context, job, set): readonly TextEdit[] | null {
    const root = parsed.roots[0];
    if (root === undefined) return null;
    const prefix = itemOf(root, job);
    const changes: KeyChange[] = [];
    for (const [path, value] of Object.entries(set)) {
      const change = changeOf(root, prefix, path, value, job);
      if (change === null) return null;
      changes.push(change);
    }
    const edits = editKeys(parsed, mergedByPath(changes));
    return edits === null ? null : edits.map((edit) => ({ file: context.path, ...edit }));
  },

  words: (set) =>
    Object.entries(set)
      .map(([path, value]) => `${path}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
      .join(', '),
};

function readJobs(parsed: ParsedText, context: FileContext, root: ConfigNode): RecognitionOutcome {
  const items = root.kind === 'list' ? root.items : [root];
  const problems: SettingProblem[] = [];
  const references: Reference[] = [];
  const jobs: Job[] = [];
  items.forEach((item, index) => {
    const reading = readJobInput(plainValue(item), item);
    problems.push(...reading.problems);
    if (reading.usable !== null) jobs.push(jobOf(parsed, context, item, reading.usable, index, references));
  });
  const [problem] = problems;
  const answerable = jobs.filter((job) => job.document.models.length > 0);
  if (problem !== undefined && answerable.length === 0) {
    const span = problem.valueSpan ?? problem.keySpan ?? root.span;
    return { outcome: 'unreadable', kind: 'job', message: problem.message, span };
  }
  const unnamed = jobs.filter((job) => job.document.models.length === 0);
  const message =
    'the job names no model: add "model": {"hub": "org/name"}, {"path": "…"} or {"config": {…}}';
  if (answerable.length === 0 && unnamed[0] !== undefined) {
    return { outcome: 'fragment', kind: 'job', message, span: unnamed[0].anchor };
  }
  for (const { anchor } of unnamed)
    problems.push({ code: 'fragment', message, keySpan: anchor, valueSpan: null });
  return {
    outcome: 'recognised',
    recognition: { kind: 'job', bareModel: false, jobs: answerable, references, problems },
  };
}

function jobOf(
  parsed: ParsedText,
  context: FileContext,
  item: ConfigNode,
  value: unknown,
  index: number,
  references: Reference[],
): Job {
  const originOf = originsIn(parsed, context, item);
  const draft = draftOf(value, originOf);
  const completed = completeJob(draft);
  const modelReferences = completed.document.models.map((model, position) => {
    const name = model.path ?? model.hub;
    if (name === null) return null;
    const origin = completed.origins[`models.${position}.${model.path === null ? 'hub' : 'path'}`];
    const id = index === 0 ? `model:${position}` : `model:${index}.${position}`;
    references.push({
      id,
      kind: 'model',
      name,
      revision: null,
      keySpan: origin?.keySpan ?? null,
      valueSpan: origin?.valueSpan ?? null,
    });
    return id;
  });
  const anchor = anchorOf(item);
  return {
    ...completed,
    anchor: anchor?.keySpan ?? item.span,
    anchorKey: anchor?.key ?? '',
    modelReferences,
    declaredTarget: declaredTarget(completed.document.resources) ?? magicComment(parsed.text)?.target ?? null,
  };
}

function declaredTarget(resources: JobDocument['resources']): string | null {
  if (resources.device === null) return null;
  const count = (resources.nodes ?? 1) * (resources.devicesPerNode ?? 1);
  return count === 1 || /^\s*\d+\s*[x×]/i.test(resources.device)
    ? resources.device
    : `${count}x ${resources.device}`;
}

function originsIn(parsed: ParsedText, context: FileContext, item: ConfigNode): OriginOf {
  const file = context.path.slice(context.path.lastIndexOf('/') + 1);
  return (keys) => {
    let node: ConfigNode | null = item;
    let entry: MapEntry | null = null;
    for (const key of keys) {
      if (node?.kind === 'list') {
        node = node.items[Number(key)] ?? null;
        continue;
      }
      const found = entryOf(node, String(key));
      if (found === null) break;
      entry = found;
      node = found.value;
    }
    return {
      origin: 'exact',
      source: entry === null ? file : `${file} line ${lineAt(parsed.text, entry.keySpan.start)}`,
      file: context.path,
      key: entry?.key ?? null,
      keySpan: entry?.keySpan ?? null,
      valueSpan: entry?.value.span ?? null,
    };
  };
}

function anchorOf(item: ConfigNode): MapEntry | null {
  if (item.kind !== 'map') return null;
  return (
    item.entries.find((entry) => !entry.key.startsWith('$') && entry.key !== 'schema') ??
    item.entries[0] ??
    null
  );
}

/** Keys that lead to the job's own object: none, or its place in a list. */
function itemOf(root: ConfigNode, job: Job): readonly string[] {
  if (root.kind !== 'list') return [];
  const index = root.items.findIndex(
    (item) => item.span.start <= job.anchor.start && job.anchor.end <= item.span.end,
  );
  return [String(Math.max(index, 0))];
}

/** The change that gives a job path its value where the document has it: through its shorthands, or as a new section. */
function changeOf(
  root: ConfigNode,
  prefix: readonly string[],
  path: string,
  value: unknown,
  job: Job,
): KeyChange | null {
  let item: ConfigNode = root;
  for (const key of prefix) item = item.kind === 'list' ? (item.items[Number(key)] ?? item) : item;
  let keys: readonly string[] = path.split('.');
  if (keys[0] === 'models' && entryOf(item, 'model') !== null) {
    if (keys[1] !== '0') return null;
    keys = ['model', ...keys.slice(2)];
  }
  let node: ConfigNode = item;
  const walked: string[] = [];
  for (const key of keys.slice(0, -1)) {
    const next: ConfigNode | null =
      node.kind === 'list' ? (node.items[Number(key)] ?? null) : (entryOf(node, key)?.value ?? null);
    if (next === null) break;
    walked.push(key);
    node = next;
  }
  const rest = keys.slice(walked.length);
  if (node.kind === 'scalar') return shorthandChange([...prefix, ...walked], rest, value, job);
  const [head, ...deeper] = rest;
  if (head === undefined) return null;
  return { path: [...prefix, ...walked, head], value: wrapped(deeper, value) };
}

/** Keys of the same new section become one section. */
function mergedByPath(changes: readonly KeyChange[]): readonly KeyChange[] {
  const byPath = new Map<string, KeyChange>();
  for (const change of changes) {
    const path = change.path.join('.');
    const before = byPath.get(path)?.value;
    const both = isPlainObject(before) && isPlainObject(change.value);
    byPath.set(path, both ? { ...change, value: { ...before, ...change.value } } : change);
  }
  return [...byPath.values()];
}

function isPlainObject(value: PlainValue | undefined): value is { readonly [key: string]: PlainValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A key inside what is written as one text: `"engine": "vllm"`, `"kv": "f16"`. */
function shorthandChange(
  path: readonly string[],
  rest: readonly string[],
  value: unknown,
  job: Job,
): KeyChange | null {
  const last = path.at(-1);
  if (last === 'engine' && rest[0] === 'name') return { path, value: value as PlainValue };
  if (last === 'engine' && rest[0] !== undefined) {
    return { path, value: { name: job.document.engine.name, [rest[0]]: value as PlainValue } };
  }
  if (last === 'optimizer' && rest[0] === 'name') return { path, value: value as PlainValue };
  if (last === 'optimizer' && rest[0] !== undefined) {
    return { path, value: { name: job.document.training.optimizer.name, [rest[0]]: value as PlainValue } };
  }
  if (last === 'kv' && rest[0] !== undefined) {
    return { path, value: { ...job.document.inference.kv, [rest[0]]: value as PlainValue } };
  }
  return null;
}

function wrapped(keys: readonly string[], value: unknown): PlainValue {
  const [head, ...rest] = keys;
  return head === undefined ? (value as PlainValue) : { [head]: wrapped(rest, value) };
}
