// Where downloads are kept: outside the clone, one folder per content hash, so that a second run or a second clone finds them.
import { mkdirSync, existsSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

export const cacheRoot = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'rooflens');

/**
 * The folder `name` of the cache, filled by `fill(folder)` if it is not there yet. It appears under its name only when it is complete, so an
 * interrupted or a concurrent run leaves no half a folder behind.
 */
export async function cachedFolder(name, fill) {
  const folder = join(cacheRoot, name);
  if (existsSync(folder)) return folder;
  const partial = `${folder}.${process.pid}.partial`;
  mkdirSync(partial, { recursive: true });
  try {
    await fill(partial);
    renameSync(partial, folder);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
  return folder;
}
