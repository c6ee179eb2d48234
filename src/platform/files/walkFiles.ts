import ignore, { type Ignore } from 'ignore';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';

/** Folders that never hold a user's own configs, whatever .gitignore says. */
const skippedFolders = new Set([
  '.git',
  '.hg',
  '.svn',
  'node_modules',
  '.venv',
  'venv',
  'site-packages',
  '__pycache__',
  'wandb',
]);

interface IgnoreLevel {
  readonly folder: string;
  readonly rules: Ignore;
}

/**
 * Files under the given files and folders, absolute, in name order. `.gitignore` files are honoured from each starting
 * folder downwards; a file that is named itself is always given. Links to folders are not followed.
 *
 * @throws the file system's error for a starting path that does not exist.
 */
export async function* walkFiles(paths: readonly string[], signal?: AbortSignal): AsyncGenerator<string> {
  const seen = new Set<string>();
  for (const start of paths) {
    const path = resolve(start);
    if (!(await stat(path)).isDirectory()) {
      if (!seen.has(path)) yield path;
      seen.add(path);
      continue;
    }
    for await (const file of walkFolder(path, [], signal)) {
      if (!seen.has(file)) yield file;
      seen.add(file);
    }
  }
}

async function* walkFolder(
  folder: string,
  outer: readonly IgnoreLevel[],
  signal?: AbortSignal,
): AsyncGenerator<string> {
  signal?.throwIfAborted();
  const levels = [...outer, ...(await ignoreLevel(folder))];
  // A folder that may not be read holds nothing for us.
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!skippedFolders.has(entry.name) && !isIgnored(`${path}${sep}`, levels))
        yield* walkFolder(path, levels, signal);
    } else if ((entry.isFile() || entry.isSymbolicLink()) && !isIgnored(path, levels)) {
      yield path;
    }
  }
}

async function ignoreLevel(folder: string): Promise<readonly IgnoreLevel[]> {
  const text = await readFile(join(folder, '.gitignore'), 'utf8').catch(() => null);
  return text === null ? [] : [{ folder, rules: ignore().add(text) }];
}

/** As git decides: the innermost .gitignore that says anything about the path wins. */
function isIgnored(path: string, levels: readonly IgnoreLevel[]): boolean {
  for (const level of levels.toReversed()) {
    const inside = relative(level.folder, path).split(sep).join('/') + (path.endsWith(sep) ? '/' : '');
    const verdict = level.rules.test(inside);
    if (verdict.ignored) return true;
    if (verdict.unignored) return false;
  }
  return false;
}
