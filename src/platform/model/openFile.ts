import { open, type FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';
import type { ByteSource } from '../../core/model/byteSource';

/** What was read of a file, or the sentence, which begins with the file's name, that says why not. */
export type FileRead<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string };

/** An open file as the header readers of the core take it, and as its handle. */
export interface OpenFile extends ByteSource {
  readonly handle: FileHandle;
}

/**
 * Opens a file for a reader that gives a value, or a sentence without the file's name. A file that is missing, that may not
 * be read or that is none gives a sentence as well; other errors are thrown.
 */
export async function readOpenFile<T>(
  path: string,
  read: (
    file: OpenFile,
  ) => Promise<{ readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string }>,
): Promise<FileRead<T>> {
  const refused = (reason: string): FileRead<T> => ({ ok: false, reason: `${basename(path)}: ${reason}` });
  try {
    const handle = await open(path, 'r');
    try {
      const stat = await handle.stat();
      if (!stat.isFile()) return refused('is no regular file');
      const outcome = await read({
        size: stat.size,
        handle,
        read: async (offset, target) => (await handle.read(target, 0, target.length, offset)).bytesRead,
      });
      return outcome.ok ? outcome : refused(outcome.reason);
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (isSystemError(error)) return refused(unreadable(error.code));
    throw error;
  }
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException & { readonly code: string } {
  return error instanceof Error && 'code' in error && typeof error.code === 'string';
}

function unreadable(code: string): string {
  switch (code) {
    case 'ENOENT':
      return 'does not exist';
    case 'EACCES':
    case 'EPERM':
      return 'may not be read';
    case 'EISDIR':
      return 'is no regular file';
    default:
      return `cannot be read (${code})`;
  }
}
