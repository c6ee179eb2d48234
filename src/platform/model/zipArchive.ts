import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { fromRandomAccessReaderPromise, RandomAccessReader, type Entry, type ZipFile } from 'yauzl';

/** Entries that are listed. A checkpoint has one for each of its storages. */
const MOST_ENTRIES = 500_000;

/** What a zip archive's directory says of one entry. */
export interface ZipEntry {
  readonly name: string;
  readonly bytes: number;
}

/**
 * The entries of a zip archive, from the directory at its end alone; `text` is what the entry of the asked name holds, where
 * it has at most `longest` bytes. A sentence without the file's name when it is no archive.
 */
export async function readZip(
  handle: FileHandle,
  size: number,
  wanted: { readonly name: string; readonly longest: number } | null,
): Promise<{ readonly entries: readonly ZipEntry[]; readonly text: string | null } | string> {
  const entries: ZipEntry[] = [];
  let text: string | null = null;
  try {
    const archive = await fromRandomAccessReaderPromise(new HandleReader(handle), size, { autoClose: false });
    if (archive.entryCount > MOST_ENTRIES)
      return `is an archive of ${archive.entryCount} entries, at most ${MOST_ENTRIES} are read`;
    for await (const entry of archive.eachEntry()) {
      entries.push({ name: entry.fileName, bytes: entry.uncompressedSize });
      if (wanted === null || entry.fileName !== wanted.name || text !== null) continue;
      if (entry.uncompressedSize > wanted.longest)
        return `holds a ${wanted.name} of ${entry.uncompressedSize} bytes, at most ${wanted.longest} are read`;
      text = await textOf(archive, entry, wanted.longest);
    }
  } catch (error) {
    // yauzl says what is wrong with an archive in errors of its own; the file system's have a code.
    if (error instanceof Error && !('code' in error))
      return `is no zip archive that can be read: ${error.message}`;
    throw error;
  }
  return { entries, text };
}

async function textOf(archive: ZipFile, entry: Entry, longest: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of (await archive.openReadStreamPromise(entry)) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > longest) throw new Error(`${entry.fileName} is longer than the archive says`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Reads ranges of an open file for yauzl. The handle stays the caller's. */
class HandleReader extends RandomAccessReader {
  constructor(private readonly handle: FileHandle) {
    super();
  }

  override _readStreamForRange(start: number, end: number): Readable {
    return Readable.from(this.chunks(start, end));
  }

  private async *chunks(start: number, end: number): AsyncGenerator<Buffer> {
    for (let position = start; position < end;) {
      const chunk = Buffer.alloc(Math.min(65_536, end - position));
      const { bytesRead } = await this.handle.read(chunk, 0, chunk.length, position);
      if (bytesRead === 0) return;
      yield chunk.subarray(0, bytesRead);
      position += bytesRead;
    }
  }

  override close(callback: (error: Error | null) => void): void {
    callback(null);
  }
}
