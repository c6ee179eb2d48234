import { open, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import {
  type HeaderOutcome,
  type HeaderTensor,
  MAX_HEADER_BYTES,
  parseSafetensorsHeader,
  parseSafetensorsIndex,
} from '../../core/model/safetensors';
import { readTextIfThere } from '../files/readText';

const LENGTH_BYTES = 8;
/** Headers that are read at the same time: enough to hide latency, few enough for any limit of open files. */
const AT_ONCE = 16;
/** More shards than the largest published checkpoints have, several times over. */
const MOST_SHARDS = 2000;

/**
 * The header of a safetensors file, read from its start alone, so that a file of any size takes milliseconds. A file that
 * is not one, or whose header cannot be right, gives the sentence that says so; only errors of the file system are thrown.
 */
export async function readSafetensorsHeader(path: string): Promise<HeaderOutcome> {
  const name = basename(path);
  const refused = (reason: string): HeaderOutcome => ({ ok: false, reason: `${name}: ${reason}` });
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    if (size < LENGTH_BYTES) return refused(`the file has ${size} bytes, too few for a header`);
    const length = Buffer.alloc(LENGTH_BYTES);
    await file.read(length, 0, LENGTH_BYTES, 0);
    const claimed = length.readBigUInt64LE(0);
    if (claimed > BigInt(size - LENGTH_BYTES))
      return refused(`the header claims ${claimed.toString()} bytes, the file has ${size}`);
    if (claimed > BigInt(MAX_HEADER_BYTES))
      return refused(`the header claims ${claimed.toString()} bytes, at most ${MAX_HEADER_BYTES} are read`);
    const headerBytes = Number(claimed);
    const buffer = Buffer.alloc(headerBytes);
    const { bytesRead } = await file.read(buffer, 0, headerBytes, LENGTH_BYTES);
    if (bytesRead < headerBytes) return refused('the file ended while its header was read');
    const outcome = parseSafetensorsHeader(buffer.toString('utf8'), size - LENGTH_BYTES - headerBytes, name);
    return outcome.ok ? outcome : refused(outcome.reason);
  } finally {
    await file.close();
  }
}

/** What the weight files of a model say, and which files were read for it. */
export interface WeightsRead {
  readonly outcome: HeaderOutcome;
  readonly files: readonly string[];
}

/**
 * The headers of the weights in a model's folder: `model.safetensors`, or every shard of its index. null = there are none.
 * Shards that are not there leave the answer incomplete, with the index's own total.
 */
export async function readWeightsHeader(folder: string): Promise<WeightsRead | null> {
  for (const name of [
    'model.safetensors',
    'diffusion_pytorch_model.safetensors',
    'model.fp16.safetensors',
    'diffusion_pytorch_model.fp16.safetensors',
  ]) {
    const single = join(folder, name);
    if (await isFile(single)) return { outcome: await readSafetensorsHeader(single), files: [single] };
  }
  for (const name of ['model.safetensors.index.json', 'diffusion_pytorch_model.safetensors.index.json']) {
    const index = join(folder, name);
    const text = await readTextIfThere(index, MAX_HEADER_BYTES);
    if (text !== null) return { outcome: await readShards(folder, text, name), files: [index] };
  }
  return null;
}

async function readShards(folder: string, text: string, name: string): Promise<HeaderOutcome> {
  const outcome = parseSafetensorsIndex(text);
  if (!outcome.ok) return { ok: false, reason: `${name}: ${outcome.reason}` };
  const { files, totalBytes } = outcome.index;
  if (files.length > MOST_SHARDS)
    return {
      ok: false,
      reason: `${name} names ${files.length} files, at most ${MOST_SHARDS} are read`,
    };
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
      else if (!read.ok) return read;
      else {
        tensors.push(...read.header.tensors);
        bytes += read.header.totalBytes;
      }
    }
  }
  if (absent === files.length) return { ok: false, reason: `none of the files of ${name} is there` };
  return {
    ok: true,
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
