import { open, stat } from 'node:fs/promises';
import { MAX_CONFIG_BYTES } from '../../core/job/document/limits';

/** A file that is too large to be a config: said with its size, never read. */
export class FileTooLarge extends Error {
  override readonly name = 'FileTooLarge';
  constructor(
    readonly path: string,
    readonly bytes: number,
    limit: number,
  ) {
    super(`${path} has ${(bytes / 1e6).toFixed(0)} MB; a config has at most ${(limit / 1e6).toFixed(0)} MB`);
  }
}

interface CachedText {
  readonly modified: number;
  readonly bytes: number;
  readonly text: string;
}

const cached = new Map<string, CachedText>();
const mostCached = 64;
/** Larger texts, such as the index of a hundred thousand tensors, are read again when they are asked for again. */
const mostCachedBytes = 1_000_000;

/**
 * Text of a file, from memory while its size and time of change are the same. A byte order mark is left out.
 *
 * @throws FileTooLarge over `limit` bytes; the file system's error where it cannot be read.
 */
export async function readText(path: string, limit: number = MAX_CONFIG_BYTES): Promise<string> {
  const status = await stat(path);
  // Opening a pipe would wait for its other end.
  if (!status.isFile()) throw new Error(`${path} is no file`);
  const { mtimeMs, size } = status;
  if (size > limit) throw new FileTooLarge(path, size, limit);
  const known = cached.get(path);
  if (known?.modified === mtimeMs && known.bytes === size) return known.text;
  const file = await open(path, 'r');
  try {
    const buffer = Buffer.alloc(size);
    const { bytesRead } = await file.read(buffer, 0, size, 0);
    const text = buffer.toString('utf8', 0, bytesRead).replace(/^\uFEFF/u, '');
    if (size > mostCachedBytes) return text;
    if (cached.size >= mostCached) cached.delete(cached.keys().next().value ?? '');
    cached.set(path, { modified: mtimeMs, bytes: size, text });
    return text;
  } finally {
    await file.close();
  }
}

/** The same, null for a file that is not there or cannot be read. @throws FileTooLarge */
export async function readTextIfThere(path: string, limit?: number): Promise<string | null> {
  try {
    return await readText(path, limit);
  } catch (error) {
    if (error instanceof FileTooLarge) throw error;
    return null;
  }
}
