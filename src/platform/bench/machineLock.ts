import { randomUUID } from 'node:crypto';
import { link, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

/** One lock for all users and editors of a machine: two benchmarks at a time measure each other. */
export const defaultLockPath = join(tmpdir(), 'rooflens-benchmark.lock');

/** No benchmark takes longer; a lock that is older belongs to none, whatever its process id says now. */
const longestSeconds = 600;

/** Removing a stale lock takes milliseconds; whoever looks on waits as long for its end. */
const attempts = 50;
const betweenAttemptsMilliseconds = 20;
const longestGuardSeconds = 10;

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
    for (let attempt = 0; attempt < attempts; attempt++) {
      if (await linked(own, path)) return { release: () => release(path), heldBy: null };
      const holder = await readHolder(path);
      if (holder !== 'stale') return { release: null, heldBy: holder };
      if (!(await discardStale(own, path))) await setTimeout(betweenAttemptsMilliseconds);
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
 * Removes a lock that belongs to nobody. It is looked at again and removed while a second lock is held: of several processes
 * that saw the same stale file a slow one would else remove the lock that a fast one has made since. false = another
 * process is at it.
 */
async function discardStale(own: string, path: string): Promise<boolean> {
  const guard = `${path}.guard`;
  if (!(await linked(own, guard))) {
    // Its owner died in the middle of two file operations.
    if ((await ageSeconds(guard)) > longestGuardSeconds) await rm(guard, { force: true });
    return false;
  }
  try {
    if ((await readHolder(path)) === 'stale') await rm(path, { force: true });
    return true;
  } finally {
    await rm(guard, { force: true });
  }
}

async function ageSeconds(path: string): Promise<number> {
  return stat(path).then(
    // A link has its own time of change, a hard link's content may be older.
    ({ ctimeMs }) => (Date.now() - ctimeMs) / 1000,
    () => 0,
  );
}

async function release(path: string): Promise<void> {
  if ((await readHolder(path)) === process.pid) await rm(path, { force: true });
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : null;
}
