import { stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { descriptionNames } from '../../core/model/descriptions/index';
import { weightFormatOf, weightsInFolder } from '../model/weightFormats';
import { expandHome, snapshotFolder, type Environment } from './huggingFaceCache';

/** Where a document's model is looked for. */
export interface ResolveContext {
  /** The document itself, absolute; null for standard input. */
  readonly filePath: string | null;
  readonly workspaceRoot: string | null;
  /** Model id -> path of a config.json or of its folder that the user pointed to. */
  readonly modelOverrides: Readonly<Record<string, string>>;
  readonly environment: Environment;
}

/** A model's place on this machine: a folder that holds its config, or one file. */
export interface FoundModel {
  readonly path: string;
  readonly kind: 'folder' | 'config' | 'weights' | 'pipeline';
  /** For people. */
  readonly source: string;
}

/**
 * Looks for a model by the name that a document gives it: what the user pointed to, then a path (from the workspace
 * folder, the document's own folder, each parent up to the workspace), then the Hugging Face cache. Frameworks take paths
 * from the folder they are started in, which is most often the repository's root, so that comes first.
 */
export async function findModel(
  name: string,
  revision: string | null,
  context: ResolveContext,
): Promise<FoundModel | null> {
  const override = Object.hasOwn(context.modelOverrides, name) ? context.modelOverrides[name] : undefined;
  if (override !== undefined) {
    const found = await asModel(override, 'the file that you pointed to');
    if (found !== null) return found;
  }
  for (const [path, source] of pathCandidates(name, context)) {
    const found = await asModel(path, source);
    if (found !== null) return found;
  }
  const snapshot = await snapshotFolder(name, revision, context.environment);
  return snapshot === null ? null : asModel(snapshot, 'the Hugging Face cache');
}

/** Absolute paths that a document may mean by a relative one, in the order in which they are tried. */
export function pathCandidates(
  name: string,
  context: ResolveContext,
): readonly (readonly [path: string, source: string])[] {
  const path = expandHome(name);
  if (isAbsolute(path)) return [[path, name]];
  const candidates: [string, string][] = [];
  const { workspaceRoot, filePath } = context;
  if (workspaceRoot !== null) candidates.push([resolve(workspaceRoot, path), 'the workspace']);
  if (filePath !== null) {
    let folder = dirname(filePath);
    candidates.push([resolve(folder, path), 'beside the file']);
    while (workspaceRoot !== null && folder !== workspaceRoot && folder.startsWith(workspaceRoot)) {
      folder = dirname(folder);
      candidates.push([resolve(folder, path), 'the workspace']);
    }
  }
  return candidates;
}

/** What makes a folder a diffusers pipeline. */
const pipelineIndex = 'model_index.json';

/** A path is a model when it is a folder with a config or weights, or such a file itself. */
async function asModel(path: string, source: string): Promise<FoundModel | null> {
  const status = await stat(path).catch(() => null);
  if (status === null) return null;
  if (status.isDirectory()) {
    if (await isFile(join(path, pipelineIndex))) return { path, kind: 'pipeline', source };
    return (await holdsModel(path)) ? { path, kind: 'folder', source } : null;
  }
  return status.isFile() ? fileAsModel(path, source) : null;
}

const describingNames: ReadonlySet<string> = new Set([
  'config.json',
  'adapter_config.json',
  ...descriptionNames,
]);

async function holdsModel(folder: string): Promise<boolean> {
  return (await isDescribed(folder)) || (await weightsInFolder(folder)) !== null;
}

/** Whether a folder holds a text that describes a model: its config, an adapter's, params.json, … */
export async function isDescribed(folder: string): Promise<boolean> {
  for (const name of describingNames) if (await isFile(join(folder, name))) return true;
  return false;
}

/** The model that a file stands for: weights, what describes them, or the folder of a file that has its name from one. */
export function fileAsModel(path: string, source: string): FoundModel | null {
  const name = basename(path);
  if (name === pipelineIndex) return { path: dirname(path), kind: 'pipeline', source };
  if (['config.json', 'adapter_config.json', 'adapter_model.safetensors'].includes(name))
    return { path: dirname(path), kind: 'folder', source };
  if (weightFormatOf(path) !== null) return { path, kind: 'weights', source };
  return /\.(?:json|ya?ml)$/iu.test(name) ? { path, kind: 'config', source } : null;
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (status) => status.isFile(),
    () => false,
  );
}
