import { completeJob, JobDraft, leavesOf, type CompletedJob } from './completeJob';
import type { JobPath, SettingOrigin } from './job';
import { engineDefaults, isLeafPath, jobDefaults } from './jobDefaults';
import type { EngineName, ModelSetting } from './jobDocument';
import { draftOf, jobProblems } from './jobInput';

export type SetOutcome =
  | { readonly ok: true; readonly job: CompletedJob }
  /** One sentence that names path, value and expectation, or the nearest known path. */
  | { readonly ok: false; readonly message: string };

/**
 * A job with some settings changed: `{"training.microBatch": 2, "models.0.quantization": {"method": "bnb-nf4"}}`.
 * Values may use the document's shorthands; an object sets the keys that it names. `model` stands for the first model.
 * `source` is said as the origin of what was set, e.g. `--set`.
 */
export function setPaths(
  job: CompletedJob,
  set: Readonly<Record<JobPath, unknown>>,
  source: string,
): SetOutcome {
  const draft = draftFrom(job);
  const origin: SettingOrigin = {
    origin: 'exact',
    source,
    file: null,
    key: null,
    keySpan: null,
    valueSpan: null,
  };
  for (const [path, value] of Object.entries(set)) {
    const message = setOne(draft, path, value, origin);
    if (message !== null) return { ok: false, message };
  }
  return { ok: true, job: completeJob(draft) };
}

function setOne(draft: JobDraft, path: JobPath, value: unknown, origin: SettingOrigin): string | null {
  const keys = path.split('.');
  const [head, second] = keys;
  const inModel = head === 'model' || (head === 'models' && second !== undefined);
  const nested = inModel
    ? { models: [nest(keys.slice(head === 'model' ? 1 : 2), value)] }
    : nest(keys, value);
  const [problem] = jobProblems(nested, null);
  if (problem !== undefined)
    return inModel
      ? problem.message.replaceAll('models.0', `models.${modelIndex(head, second)}`)
      : problem.message;
  const changed = draftOf(nested, () => origin);
  if (inModel) return mergeModel(draft, modelIndex(head, second), changed, keys, origin);
  for (const leaf of changed.origins.keys()) {
    if (!isLeafPath(leaf) || (leaf === 'task' && head !== 'task')) continue;
    const next = changed.get(leaf);
    if (next !== undefined) draft.set(leaf, next, origin);
  }
  if (path === 'training.method' && value === 'qlora') {
    const main = draft.models.findIndex((model) => model.role === 'main');
    replaceModel(draft, main, { quantization: { method: 'bnb-nf4', doubleQuant: true } }, origin);
  }
  if (head === 'models' && second === undefined) {
    draft.models.splice(0, draft.models.length, ...changed.models);
  }
  return null;
}

function modelIndex(head: string | undefined, second: string | undefined): number {
  return head === 'model' ? 0 : Number(second);
}

function mergeModel(
  draft: JobDraft,
  index: number,
  changed: JobDraft,
  keys: readonly string[],
  origin: SettingOrigin,
): string | null {
  const [next] = changed.models;
  if (next === undefined || draft.models[index] === undefined) {
    return `${keys.join('.')}: the job has ${draft.models.length} models, counted from 0`;
  }
  const fields: Partial<Record<keyof ModelSetting, unknown>> = {};
  for (const path of changed.origins.keys()) {
    const field = path.split('.')[2] as keyof ModelSetting | undefined;
    if (field !== undefined) fields[field] = next[field];
  }
  // Of config, path and hub one is set: the new one replaces the others.
  if ('config' in fields || 'path' in fields || 'hub' in fields) {
    Object.assign(fields, { config: next.config, path: next.path, hub: next.hub });
  }
  replaceModel(draft, index, fields as Partial<ModelSetting>, origin);
  return null;
}

function replaceModel(
  draft: JobDraft,
  index: number,
  fields: Partial<ModelSetting>,
  origin: SettingOrigin,
): void {
  const model = draft.models[index];
  if (model === undefined) return;
  draft.models[index] = { ...model, ...fields };
  for (const field of Object.keys(fields)) draft.origins.set(`models.${index}.${field}`, origin);
}

function nest(keys: readonly string[], value: unknown): unknown {
  const [head, ...rest] = keys;
  if (head === undefined) return value;
  return { [head]: nest(rest, value) };
}

function draftFrom(job: CompletedJob): JobDraft {
  const draft = new JobDraft();
  const leaves = leavesOf(job.document);
  for (const path of Object.keys(jobDefaults)) {
    if (!isLeafPath(path)) continue;
    const origin = job.origins[path];
    // What `completeJob` filled in is left to be filled in again: another engine has other defaults.
    if (origin === undefined || isFilledIn(origin, job.document.engine.name)) continue;
    draft.set(path, leaves[path], origin);
  }
  draft.models.push(...job.document.models);
  for (const [path, origin] of Object.entries(job.origins)) {
    if (path.startsWith('models.')) draft.origins.set(path, origin);
  }
  return draft;
}

function isFilledIn(origin: SettingOrigin, engine: EngineName): boolean {
  if (origin.origin !== 'default') return false;
  const own = engineDefaults(engine);
  return (
    origin.source.startsWith('Rooflens: ') || (own !== null && origin.source.startsWith(`${own.source}: `))
  );
}
