import { readdir, readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Folders that may hold the Hugging Face cache, the one that the library would use first.
 * Source: huggingface_hub `constants.py` (HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE, HF_HOME, XDG_CACHE_HOME).
 */
export function huggingFaceCaches(environment: Environment): readonly string[] {
  const given = (name: string): string | null => {
    const value = environment[name];
    return value === undefined || value === '' ? null : expandHome(value);
  };
  const home = given('HF_HOME');
  const cacheHome = given('XDG_CACHE_HOME') ?? join(homedir(), '.cache');
  const folders = [
    given('HF_HUB_CACHE') ??
      given('HUGGINGFACE_HUB_CACHE') ??
      join(home ?? join(cacheHome, 'huggingface'), 'hub'),
    given('TRANSFORMERS_CACHE'),
  ];
  return [...new Set(folders.filter((folder) => folder !== null))];
}

export function expandHome(path: string): string {
  return path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : path;
}

/** A hub id: `name` or `organisation/name`, in the characters that the hub allows. */
export function isHubId(name: string): boolean {
  return /^[\w.-]{1,96}(\/[\w.-]{1,96})?$/u.test(name) && !name.includes('..');
}

/**
 * Folder of the snapshot of a model in one of the caches: the commit that `refs/<revision>` names, or the revision itself
 * where it is a commit; without a revision also the newest snapshot. null = the model was never downloaded.
 */
export async function snapshotFolder(
  name: string,
  revision: string | null,
  environment: Environment,
): Promise<string | null> {
  if (!isHubId(name)) return null;
  for (const cache of huggingFaceCaches(environment)) {
    const repository = join(cache, `models--${name.replace('/', '--')}`);
    const snapshots = join(repository, 'snapshots');
    const commit = await readFile(join(repository, 'refs', revision ?? 'main'), 'utf8').catch(() => null);
    for (const candidate of [commit?.trim(), revision]) {
      if (candidate && (await isFolder(join(snapshots, candidate)))) return join(snapshots, candidate);
    }
    if (revision === null) {
      const newest = await newestFolder(snapshots);
      if (newest !== null) return newest;
    }
  }
  return null;
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (status) => status.isDirectory(),
    () => false,
  );
}

async function newestFolder(parent: string): Promise<string | null> {
  const names = await readdir(parent).catch(() => []);
  let newest: { path: string; modified: number } | null = null;
  for (const name of names) {
    const path = join(parent, name);
    const status = await stat(path).catch(() => null);
    if (status?.isDirectory() && status.mtimeMs > (newest?.modified ?? -1))
      newest = { path, modified: status.mtimeMs };
  }
  return newest?.path ?? null;
}
