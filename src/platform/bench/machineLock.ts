import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';

/** One lock for all users and editors of a machine: two benchmarks at a time measure each other. */
export const defaultLockPath = join(tmpdir(), 'rooflens-benchmark.lock');

/** No benchmark takes longer; a lock that is older belongs to none, whatever its process id says now. */
const longestSeconds = 600;

/** Who holds the lock, or null when it was taken. */
export type LockAttempt =
  | { readonly release: () => Promise<void>; readonly heldBy: null }
  | { readonly release: null; readonly heldBy: number | null };

/**
 * Takes the lock or says who has it. The file holds the process id of its owner, so that the lock of a process that died, however it
 * died, is free at once. It is made by `link`, which succeeds for one of several processes alone and never shows a file
 * that is still being written.
 */
export async function tryLock(path: string = defaultLockPath): Promise<LockAttempt> {
  const own = `${path}.${randomUUID()}`;
  await writeFile(own, JSON.stringify({ pid: process.pid, host: hostname() }), { mode: 0o644 });
  try {
    for (let attempt = 0; attempt < 3; attempt++) {
      if (await linked(own, path)) return { release: () => release(path), heldBy: null };
      const holder = await readHolder(path);
      if (holder !== 'stale') return { release: null, heldBy: holder };
      await discard(path);
    }
    return { release: null, heldBy: null };
  } finally {
    await rm(own, { force: true });
  }
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** The process that holds the lock, null where it is somebody on another machine, `stale` where there is nobody. */
async function readHolder(path: string): Promise<number | null | 'stale'> {
  let content: string;
  let age: number;
  try {
    content = await readFile(path, 'utf8');
    age = (Date.now() - (await stat(path)).mtimeMs) / 1000;
  } catch {
    return 'stale';
  }
  if (age > longestSeconds) return 'stale';
  const holder = parseHolder(content);
  if (holder === null) return 'stale';
  if (holder.host !== hostname()) return null;
  return isAlive(holder.pid) ? holder.pid : 'stale';
}

function parseHolder(content: string): { readonly pid: number; readonly host: string } | null {
  try {
    const value: unknown = JSON.parse(content);
    if (typeof value !== 'object' || value === null || !('pid' in value) || !('host' in value)) return null;
    const { pid, host } = value;
    return typeof pid === 'number' && Number.isInteger(pid) && pid > 0 && typeof host === 'string'
      ? { pid, host }
      : null;
  } catch {
    return null;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // A process of another user is alive and not ours to signal.
    return codeOf(error) === 'EPERM';
  }
}

/**
 * Moved aside before it is removed: of two processes that saw the same stale file, one alone succeeds; the slower may have moved
 * the lock that the faster made since, and puts it back.
 */
async function discard(path: string): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch {
    return;
  }
  if ((await readHolder(aside)) !== 'stale') await linked(aside, path);
  await rm(aside, { force: true });
}

async function release(path: string): Promise<void> {
  if ((await readHolder(path)) === process.pid) await rm(path, { force: true });
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : null;
}
