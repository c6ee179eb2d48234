import * as v from 'valibot';
import type { Quantization } from '../model/blueprint';
import type { Dtype } from '../units/dtype';
import { nearestName } from '../units/nearest';
import type { Span } from '../units/span';
import { JobDraft, modelSetting, optimizerSetting } from './completeJob';
import { entryOf, type ConfigNode } from './document/configNode';
import type { SettingOrigin, SettingProblem } from './job';
import { isLeafPath, isTrainingEngine, type LeafPath, type LeafValue } from './jobDefaults';
import { dtypeSpellings, jobGrammar, type JobInput, type ModelInput } from './jobGrammar';
import type { ModelSetting, Precision } from './jobDocument';
import { contradiction, impossibleValue } from './settingProblem';

/** Gives the origin of the setting that was written under these keys. */
export type OriginOf = (keys: readonly Key[]) => SettingOrigin;

interface Place {
  readonly keySpan: Span | null;
  readonly valueSpan: Span | null;
}

type Key = string | number;

/** A job document as far as it is one. */
export interface JobReading {
  readonly problems: readonly SettingProblem[];
  /** The value without the keys that have problems: a document without any. null = nothing is left of it. */
  readonly usable: unknown;
}

/** More rounds than a document can have levels of keys that are wrong inside what was wrong. */
const MOST_ROUNDS = 8;

/**
 * Checks a value as a job document. A key that is unknown or has an impossible value is a problem, and the rest is still
 * a document: while one key is being typed, the others keep their answer.
 */
export function readJobInput(value: unknown, node: ConfigNode | null): JobReading {
  const first = placedProblems(value, node);
  let usable: unknown = value;
  let wrong = first;
  for (let round = 0; wrong.length > 0; round++) {
    if (round >= MOST_ROUNDS || wrong.some((one) => one.keys.length === 0))
      return { problems: named(first), usable: null };
    for (const one of wrong) usable = without(usable, one.keys);
    wrong = placedProblems(usable, null);
  }
  return { problems: named(first), usable };
}

/** What is wrong with a value as a job document; none = it is one. `node` gives the places. */
export function jobProblems(value: unknown, node: ConfigNode | null): readonly SettingProblem[] {
  return named(placedProblems(value, node));
}

interface PlacedProblem {
  readonly keys: readonly Key[];
  readonly problem: SettingProblem;
}

function named(problems: readonly PlacedProblem[]): readonly SettingProblem[] {
  return problems.map((one) => one.problem);
}

/** The value without what stands at these keys; a last key that is missing takes its parent with it. */
function without(value: unknown, keys: readonly Key[]): unknown {
  const [head, ...rest] = keys;
  if (head === undefined || typeof value !== 'object' || value === null) return undefined;
  if (Array.isArray(value)) {
    return value.flatMap((item: unknown, index) => {
      const kept = index === Number(head) ? without(item, rest) : item;
      return kept === undefined ? [] : [kept];
    });
  }
  if (!Object.hasOwn(value, head)) return rest.length === 0 ? undefined : value;
  const fields = Object.entries(value).flatMap(([key, inner]: [string, unknown]) => {
    const kept = key === String(head) ? without(inner, rest) : inner;
    return kept === undefined ? [] : [[key, kept] as const];
  });
  return Object.fromEntries(fields);
}

function placedProblems(value: unknown, node: ConfigNode | null): readonly PlacedProblem[] {
  const lists = listProblems(value, node);
  if (lists.length > 0) return lists;
  const parsed = v.safeParse(jobGrammar, value);
  if (parsed.success) return modelProblems(parsed.output, node);
  const problems = new Map<string, PlacedProblem>();
  for (const { issue, keys } of parsed.issues.flatMap((one) => deepest(one, []))) {
    const path = keys.join('.');
    if (problems.has(path)) continue;
    problems.set(path, { keys, problem: problemOf(issue, keys, path, placeOf(node, keys)) });
  }
  return [...problems.values()];
}

/** Lists where an object is meant, which valibot's objects let pass. */
function listProblems(value: unknown, node: ConfigNode | null): readonly PlacedProblem[] {
  const problems: PlacedProblem[] = [];
  const visit = (inner: unknown, schemas: readonly AnySchema[], keys: readonly Key[]): void => {
    if (schemas.length === 0 || typeof inner !== 'object' || inner === null) return;
    if (Array.isArray(inner) && schemas.every((schema) => objectTypes.has(schema.type))) {
      const name = keys.length === 0 ? 'the document' : keys.join('.');
      problems.push({ keys, problem: impossibleValue(name, inner, 'an object', placeOf(node, keys)) });
      return;
    }
    for (const [key, deeper] of Object.entries(inner)) visit(deeper, step(schemas, key), [...keys, key]);
  };
  visit(value, unwrapped(jobGrammar), []);
  return problems;
}

const objectTypes: ReadonlySet<string> = new Set(['strict_object', 'record']);

/** What the grammar cannot say: a model is named in one way. */
function modelProblems(input: JobInput, node: ConfigNode | null): readonly PlacedProblem[] {
  const problems: PlacedProblem[] = [];
  const add = (message: string, keys: readonly Key[]): void => {
    problems.push({ keys, problem: contradiction(message, placeOf(node, keys)) });
  };
  if (input.model !== undefined && input.models !== undefined) {
    add('give "model" or "models", not both', ['models']);
  }
  for (const { model, keys } of writtenModels(input)) {
    const ways = (['config', 'path', 'hub'] as const).filter(
      (key) => model[key] !== undefined && model[key] !== null,
    );
    const [, second] = ways;
    if (second === undefined) continue;
    const message = `${keys.join('.')} names its model as ${ways.join(' and ')}: give one of them`;
    add(message, [...keys, second]);
  }
  return problems;
}

function problemOf(
  issue: v.BaseIssue<unknown>,
  keys: readonly Key[],
  path: string,
  place: Place,
): SettingProblem {
  const unknown = issue.type === 'strict_object' && issue.expected === 'never';
  if (!unknown) {
    const missing = issue.input === undefined;
    if (missing) return { code: 'impossible-value', message: `${path} is missing`, ...place };
    const name = path === '' ? 'the document' : path;
    return impossibleValue(name, issue.input, issue.message + likelyWord(issue.input, keys), place);
  }
  const nearest = nearestKey(keys);
  const hint = nearest === null ? '' : `; the nearest known key is "${nearest}"`;
  return {
    code: 'unknown-key',
    message: `"${path}" is no key of a job document${hint}`,
    keySpan: place.keySpan,
    valueSpan: place.valueSpan,
  };
}

interface PlacedIssue {
  readonly issue: v.BaseIssue<unknown>;
  readonly keys: readonly Key[];
}

/** Of a failed union the issues of the branch that went deepest: they name the key inside that is wrong. */
function deepest(issue: v.BaseIssue<unknown>, above: readonly Key[]): readonly PlacedIssue[] {
  const keys = [...above, ...(issue.path ?? []).map((item) => item.key as Key)];
  // Issues inside a union are placed from the union on.
  const inside = (issue.issues ?? []).flatMap((inner) => deepest(inner, keys));
  const deeper = inside.filter((inner) => inner.keys.length > keys.length);
  return deeper.length > 0 ? deeper : [{ issue, keys }];
}

function placeOf(node: ConfigNode | null, keys: readonly Key[]): Place {
  let current = node;
  let keySpan: Span | null = null;
  for (const key of keys) {
    if (current?.kind === 'list') {
      current = current.items[Number(key)] ?? null;
      continue;
    }
    const entry = entryOf(current, String(key));
    // A key that is missing: its parent is the place.
    if (entry === null) return { keySpan, valueSpan: current?.span ?? null };
    keySpan = entry.keySpan;
    current = entry.value;
  }
  return { keySpan, valueSpan: current?.span ?? null };
}

/** The known key that an unknown one most likely means: among its siblings, else anywhere, as a path. */
export function nearestKey(keys: readonly Key[]): string | null {
  const name = String(keys.at(-1) ?? '');
  const sibling = nearestName(name, entryNames(schemaAt(jobGrammar, keys.slice(0, -1))));
  const paths = new Map<string, string>();
  collectPaths(jobGrammar, '', paths);
  const elsewhere = nearestName(name, [...paths.keys()]);
  if (sibling !== null && sibling.distance <= Math.max(alike, elsewhere?.distance ?? 1)) return sibling.name;
  return elsewhere === null ? null : (paths.get(elsewhere.name) ?? null);
}

/** Of a text that is none of the words that a key takes: the word that it most likely means. */
function likelyWord(input: unknown, keys: readonly Key[]): string {
  if (typeof input !== 'string') return '';
  const words = schemaAt(jobGrammar, keys)
    .filter((schema) => schema.type === 'picklist')
    .flatMap((schema) => schema.options ?? [])
    .filter((word) => typeof word === 'string');
  const nearest = nearestName(input, words);
  return nearest === null || nearest.distance > alike ? '' : ` ("${nearest.name}"?)`;
}

/** Up to this distance two keys are taken for each other's misspelling. */
const alike = 0.4;

interface AnySchema {
  readonly type: string;
  readonly entries?: Readonly<Record<string, AnySchema>>;
  readonly wrapped?: AnySchema;
  readonly item?: AnySchema;
  readonly options?: readonly unknown[];
}

function isSchema(value: unknown): value is AnySchema {
  return typeof value === 'object' && value !== null && 'type' in value;
}

function schemaAt(schema: AnySchema, keys: readonly Key[]): readonly AnySchema[] {
  let schemas: readonly AnySchema[] = unwrapped(schema);
  for (const key of keys) schemas = step(schemas, String(key));
  return schemas;
}

function step(schemas: readonly AnySchema[], key: string): readonly AnySchema[] {
  return schemas.flatMap((schema) => {
    const next = schema.entries?.[key] ?? schema.item;
    return next === undefined ? [] : unwrapped(next);
  });
}

function unwrapped(schema: AnySchema): readonly AnySchema[] {
  if (schema.wrapped !== undefined) return unwrapped(schema.wrapped);
  if (schema.type === 'union') return (schema.options ?? []).filter(isSchema).flatMap(unwrapped);
  return [schema];
}

function entryNames(schemas: readonly AnySchema[]): readonly string[] {
  return schemas.flatMap((schema) => Object.keys(schema.entries ?? {})).filter((name) => name !== '$schema');
}

function collectPaths(schema: AnySchema, prefix: string, into: Map<string, string>): void {
  for (const one of unwrapped(schema)) {
    if (one.item !== undefined) collectPaths(one.item, `${prefix}0.`, into);
    for (const [name, inner] of Object.entries(one.entries ?? {})) {
      if (!into.has(name)) into.set(name, prefix + name);
      collectPaths(inner, `${prefix}${name}.`, into);
    }
  }
}

/**
 * The settings of a job document that has no problems (`jobProblems`), shorthands written out. `originOf` tells where
 * each was written.
 */
export function draftOf(value: unknown, originOf: OriginOf): JobDraft {
  const input = v.parse(jobGrammar, value);
  const draft = new JobDraft();
  const engine = typeof input.engine === 'string' ? { name: input.engine } : input.engine;
  if (engine !== undefined) {
    const origin = (key: string): SettingOrigin =>
      originOf(typeof input.engine === 'string' ? ['engine'] : ['engine', key]);
    draft.set('engine.name', engine.name, origin('name'));
    if (engine.version !== undefined) draft.set('engine.version', engine.version, origin('version'));
    if (engine.backend !== undefined) draft.set('engine.backend', engine.backend, origin('backend'));
  }
  setTask(draft, input, originOf);
  for (const section of ['inference', 'training', 'parallel', 'resources'] as const) {
    setLeaves(draft, input[section] ?? {}, [section], originOf);
  }
  addModels(draft, input, originOf);
  return draft;
}

function setTask(draft: JobDraft, input: JobInput, originOf: OriginOf): void {
  if (input.task !== undefined) {
    draft.set('task', input.task, originOf(['task']));
    return;
  }
  const name = draft.get('engine.name');
  const onlyTraining = input.training !== undefined && input.inference === undefined;
  if (onlyTraining || (name !== undefined && isTrainingEngine(name))) {
    draft.set('task', 'train', originOf(input.training === undefined ? ['engine'] : ['training']));
  }
}

function setLeaves(draft: JobDraft, value: object, keys: readonly string[], originOf: OriginOf): void {
  for (const [key, inner] of Object.entries(value) as [string, unknown][]) {
    if (inner === undefined) continue;
    const here = [...keys, key];
    const path = here.join('.');
    if (path === 'inference.kv' && typeof inner === 'string') {
      draft.set('inference.kv.k', inner, originOf(here));
      draft.set('inference.kv.v', inner, originOf(here));
    } else if (path === 'training.method') {
      setMethod(draft, inner as string, originOf(here));
    } else if (isLeafPath(path)) {
      // The grammar accepted the value at this path, and `leafValue` writes its shorthand out.
      draft.set(path, leafValue(path, inner) as LeafValue<LeafPath>, originOf(here));
    } else if (typeof inner === 'object' && inner !== null) {
      setLeaves(draft, inner, here, originOf);
    }
  }
}

function setMethod(draft: JobDraft, method: string, origin: SettingOrigin): void {
  const known = method === 'qlora' ? 'lora' : (method as LeafValue<'training.method'>);
  draft.set('training.method', known, origin);
}

function leafValue(path: LeafPath, value: unknown): unknown {
  switch (path) {
    case 'training.optimizer': {
      if (typeof value === 'string') return optimizerSetting(value);
      const fields = value as { readonly name: string };
      return optimizerSetting(fields.name, fields);
    }
    case 'training.precision':
      return typeof value === 'object' && value !== null
        ? precisionOf(value as Readonly<Record<string, string | null>>)
        : value;
    case 'inference.image':
      return value === null
        ? null
        : {
            width: null,
            height: null,
            frames: null,
            steps: null,
            batch: 1,
            vaeTiling: false,
            offload: 'none',
            ...(value as object),
          };
    default:
      return value;
  }
}

function precisionOf(value: Readonly<Record<string, string | null>>): Precision {
  const weights = dtypeOf(value['weights'] ?? 'bf16');
  const optional = (key: string): Dtype | null => {
    const name = value[key];
    return name === null || name === undefined ? null : dtypeOf(name);
  };
  return {
    weights,
    compute: optional('compute') ?? weights,
    master: optional('master'),
    gradients: optional('gradients') ?? weights,
    reduce: optional('reduce'),
  };
}

/** Element type by any of its spellings. */
export function dtypeOf(name: string): Dtype {
  const known: Readonly<Record<string, Dtype>> = dtypeSpellings;
  return known[name] ?? 'bf16';
}

function addModels(draft: JobDraft, input: JobInput, originOf: OriginOf): void {
  const qlora = input.training?.method === 'qlora';
  for (const { model, keys } of writtenModels(input)) {
    const setting = modelOf(model);
    const origins: Record<string, SettingOrigin> = {};
    for (const key of Object.keys(model)) origins[key] = originOf([...keys, key]);
    if (qlora && setting.role === 'main' && setting.quantization === undefined) {
      origins['quantization'] = originOf(['training', 'method']);
      draft.addModel({ ...setting, quantization: { method: 'bnb-nf4', doubleQuant: true } }, origins);
    } else {
      draft.addModel(setting, origins);
    }
  }
}

interface WrittenModel {
  readonly model: ModelInput;
  readonly keys: readonly Key[];
}

function writtenModels(input: JobInput): readonly WrittenModel[] {
  return [
    ...(input.model === undefined ? [] : [{ model: input.model, keys: ['model'] }]),
    ...(input.models ?? []).map((model, index) => ({ model, keys: ['models', index] })),
  ];
}

/** A model of the grammar with every field. */
export function modelOf(model: ModelInput): ModelSetting {
  const { dtype, quantization, adapters, ...rest } = model;
  return modelSetting({
    role: rest.role ?? 'main',
    config: rest.config ?? null,
    path: rest.path ?? null,
    hub: rest.hub ?? null,
    dtype: dtype === null || dtype === undefined ? null : dtypeOf(dtype),
    quantization:
      quantization === undefined || quantization === null ? quantization : quantizationOf(quantization),
    adapters: adapters ?? [],
  });
}

function quantizationOf(value: NonNullable<ModelInput['quantization']>): Quantization {
  const fields: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(value)) if (inner !== undefined) fields[key] = inner;
  return fields as unknown as Quantization;
}
