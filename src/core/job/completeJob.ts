import type { JobPath, SettingOrigin } from './job';
import {
  engineDefaults,
  isLeafPath,
  jobDefaults,
  type LeafPath,
  type LeafValue,
  type LeafValues,
} from './jobDefaults';
import type { JobDocument, ModelSetting, OptimizerSetting } from './jobDocument';

/** What a document says so far: settings with where they come from. Formats fill it, `completeJob` does the rest. */
export class JobDraft {
  private readonly values = new Map<LeafPath, unknown>();
  readonly origins = new Map<JobPath, SettingOrigin>();
  readonly models: ModelSetting[] = [];

  set<P extends LeafPath>(path: P, value: LeafValue<P>, origin: SettingOrigin): void {
    this.values.set(path, value);
    this.origins.set(path, origin);
  }

  get<P extends LeafPath>(path: P): LeafValue<P> | undefined {
    return this.values.get(path) as LeafValue<P> | undefined;
  }

  has(path: LeafPath): boolean {
    return this.values.has(path);
  }

  /** Adds a model; origins are by field: `models.0.hub`. */
  addModel(model: ModelSetting, origins: Readonly<Record<string, SettingOrigin>>): void {
    const index = this.models.length;
    this.models.push(model);
    for (const [field, origin] of Object.entries(origins))
      this.origins.set(`models.${index}.${field}`, origin);
  }
}

/** A model of which only this is said. Absent quantisation = what its config says. */
export function modelSetting(fields: Partial<ModelSetting>): ModelSetting {
  return {
    role: 'main',
    config: null,
    path: null,
    hub: null,
    dtype: null,
    quantization: undefined,
    adapters: [],
    ...fields,
  };
}

/** An optimizer of which only the name is said; a name that begins with `paged_` pages. */
export function optimizerSetting(name: string, fields: Partial<OptimizerSetting> = {}): OptimizerSetting {
  return {
    name,
    stateBits: null,
    paged: name.startsWith('paged_'),
    implementation: null,
    inBackward: false,
    ...fields,
  };
}

export interface CompletedJob {
  readonly document: JobDocument;
  /** One for every setting, the defaults included. */
  readonly origins: Readonly<Record<JobPath, SettingOrigin>>;
}

/** A default's origin; `source` says whose, e.g. `axolotl 0.19: 1`. */
export function defaultOrigin(source: string): SettingOrigin {
  return { origin: 'default', source, file: null, key: null, keySpan: null, valueSpan: null };
}

/** The whole job document of a draft: what it does not set is the engine's own default, else the grammar's. */
export function completeJob(draft: JobDraft): CompletedJob {
  const engine = draft.get('engine.name') ?? jobDefaults['engine.name'];
  const own = engineDefaults(engine);
  const origins: Record<JobPath, SettingOrigin> = {};
  const nested: Record<string, unknown> = { schema: 1, models: draft.models };
  for (const path of Object.keys(jobDefaults)) {
    if (!isLeafPath(path)) continue;
    let value: unknown = draft.get(path);
    let origin = draft.origins.get(path);
    if (origin === undefined) {
      const engineValue: unknown = own?.values[path];
      value = engineValue ?? jobDefaults[path];
      const whose = own === null || engineValue === undefined ? 'Rooflens' : own.source;
      origin = defaultOrigin(`${whose}: ${JSON.stringify(value)}`);
    }
    place(nested, path.split('.'), value);
    origins[path] = origin;
  }
  for (const [path, origin] of draft.origins) origins[path] = origin;
  // Its name is what a reader changes; the rest follows from it.
  const optimizer = origins['training.optimizer'];
  if (optimizer !== undefined) origins['training.optimizer.name'] = optimizer;
  // Every leaf of the type was placed, each with a value that its path's type admits.
  return { document: nested as unknown as JobDocument, origins };
}

/** The settings of a complete document, by path. */
export function leavesOf(document: JobDocument): LeafValues {
  const values: Record<string, unknown> = {};
  for (const path of Object.keys(jobDefaults)) {
    let node: unknown = document;
    for (const key of path.split('.')) node = (node as Record<string, unknown> | undefined)?.[key];
    values[path] = node ?? null;
  }
  return values as unknown as LeafValues;
}

function place(target: Record<string, unknown>, keys: readonly string[], value: unknown): void {
  const [head, ...rest] = keys;
  if (head === undefined) return;
  if (rest.length === 0) {
    target[head] = value;
    return;
  }
  const inner = (target[head] ?? {}) as Record<string, unknown>;
  target[head] = inner;
  place(inner, rest, value);
}
