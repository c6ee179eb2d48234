import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import {
  type HeaderOutcome,
  type HeaderTensor,
  MAX_HEADER_BYTES,
  parseSafetensorsHeader,
  parseWeightIndex,
} from '../../core/model/safetensors';
import { FileTooLarge, readTextIfThere } from '../files/readText';
import { readOpenFile, type OpenFile } from './openFile';
import { firstOf, type WeightContents, type WeightFormat } from './weightFormat';

const LENGTH_BYTES = 8;
const FIRST_READ = 65_536;
/** Headers that are read at the same time: enough to hide latency, few enough for any limit of open files. */
const AT_ONCE = 16;
/** More shards than the largest published checkpoints have, several times over. */
const MOST_SHARDS = 2000;

/** One file of tensors. */
export const safetensors: WeightFormat = {
  name: 'safetensors',
  engine: null,
  takes: (fileName) => /\.safetensors$/iu.test(fileName),
  inFolder: (names) =>
    firstOf(names, [
      'model.safetensors',
      'diffusion_pytorch_model.safetensors',
      'model.fp16.safetensors',
      'diffusion_pytorch_model.fp16.safetensors',
      'consolidated.safetensors',
    ]),
  read: async (path) => ({ contents: contentsOf(await readSafetensorsHeader(path)), files: [path] }),
};

/** Several files with an index. */
export const safetensorsIndex: WeightFormat = {
  name: 'safetensors index',
  engine: null,
  takes: (fileName) => fileName.endsWith('.safetensors.index.json'),
  inFolder: (names) =>
    firstOf(names, [
      'model.safetensors.index.json',
      'diffusion_pytorch_model.safetensors.index.json',
      'consolidated.safetensors.index.json',
    ]),
  read: async (path) => ({ contents: await readShards(path), files: [path] }),
};

function contentsOf(outcome: HeaderOutcome): WeightContents {
  return outcome.ok
    ? { kind: 'tensors', header: outcome.header, library: 'safetensors' }
    : { kind: 'unreadable', reason: outcome.reason };
}

/**
 * The header of a safetensors file, read from its start alone, so that a file of any size takes milliseconds. A file that
 * is not one, or whose header cannot be right, gives the sentence that says so.
 */
export async function readSafetensorsHeader(path: string): Promise<HeaderOutcome> {
  const read = await readOpenFile(path, async (file) => {
    const outcome = await headerOf(file, basename(path));
    return outcome.ok ? { ok: true, value: outcome.header } : outcome;
  });
  return read.ok ? { ok: true, header: read.value } : read;
}

async function headerOf({ handle, size }: OpenFile, name: string): Promise<HeaderOutcome> {
  const refused = (reason: string): HeaderOutcome => ({ ok: false, reason });
  if (size < LENGTH_BYTES) return refused(`the file has ${size} bytes, too few for a header`);
  // Most headers of shards fit into the first read.
  const start = Buffer.allocUnsafe(Math.min(FIRST_READ, size));
  const { bytesRead } = await handle.read(start, 0, start.length, 0);
  if (bytesRead < LENGTH_BYTES) return refused('the file ended while its header was read');
  const claimed = start.readBigUInt64LE(0);
  if (claimed > BigInt(size - LENGTH_BYTES))
    return refused(`the header claims ${claimed.toString()} bytes, the file has ${size}`);
  if (claimed > BigInt(MAX_HEADER_BYTES))
    return refused(`the header claims ${claimed.toString()} bytes, at most ${MAX_HEADER_BYTES} are read`);
  const headerBytes = Number(claimed);
  let header = start.subarray(LENGTH_BYTES, Math.min(LENGTH_BYTES + headerBytes, bytesRead));
  if (header.length < headerBytes) {
    header = Buffer.allocUnsafe(headerBytes);
    const whole = await handle.read(header, 0, headerBytes, LENGTH_BYTES);
    if (whole.bytesRead < headerBytes) return refused('the file ended while its header was read');
  }
  return parseSafetensorsHeader(header.toString('utf8'), size - LENGTH_BYTES - headerBytes, name);
}

/** The headers of all shards. Shards that are not there leave the answer incomplete, with the index's own total. */
async function readShards(path: string): Promise<WeightContents> {
  const index = basename(path);
  const refused = (reason: string): WeightContents => ({ kind: 'unreadable', reason });
  let text: string | null;
  try {
    text = await readTextIfThere(path, MAX_HEADER_BYTES);
  } catch (error) {
    if (!(error instanceof FileTooLarge)) throw error;
    return refused(`${index}: has ${error.bytes} bytes, at most ${MAX_HEADER_BYTES} are read`);
  }
  if (text === null) return refused(`${index}: cannot be read`);
  const outcome = parseWeightIndex(text);
  if (!outcome.ok) return refused(`${index}: ${outcome.reason}`);
  const folder = dirname(path);
  const { files, totalBytes, tensorNames } = outcome.index;
  if (files.length > MOST_SHARDS)
    return refused(`${index}: names ${files.length} files, at most ${MOST_SHARDS} are read`);
  const tensors: HeaderTensor[] = [];
  let bytes = 0;
  let absent = 0;
  for (let start = 0; start < files.length; start += AT_ONCE) {
    const batch = files.slice(start, start + AT_ONCE).map(async (file) => {
      const path = join(folder, file);
      return (await isFile(path)) ? readSafetensorsHeader(path) : null;
    });
    for (const read of await Promise.all(batch)) {
      if (read === null) absent++;
      else if (!read.ok) return refused(read.reason);
      else {
        for (const tensor of read.header.tensors) tensors.push(tensor);
        bytes += read.header.totalBytes;
      }
    }
  }
  if (absent === files.length)
    return totalBytes === null
      ? refused(`${index}: none of its files is there`)
      : { kind: 'sizes', sizes: { source: index, totalBytes, names: tensorNames } };
  return {
    kind: 'tensors',
    library: 'safetensors',
    header: {
      tensors,
      totalBytes: absent === 0 ? bytes : Math.max(bytes, totalBytes ?? 0),
      source: files.length === 1 ? (files[0] ?? '') : `${files.length} safetensors files`,
      complete: absent === 0,
    },
  };
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (status) => status.isFile(),
    () => false,
  );
}
