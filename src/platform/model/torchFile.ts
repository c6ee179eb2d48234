import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { parseWeightIndex, MAX_HEADER_BYTES } from '../../core/model/safetensors';
import type { WeightSizes } from '../../core/model/weightSizes';
import { FileTooLarge, readTextIfThere } from '../files/readText';
import { readOpenFile, type FileRead } from './openFile';
import { firstOf, type WeightContents, type WeightFormat } from './weightFormat';
import { readZip } from './zipArchive';

/** The index of a checkpoint in several pickles: names and the bytes of all. */
export const torchIndex: WeightFormat = {
  name: 'PyTorch index',
  engine: null,
  takes: (fileName) => fileName.endsWith('.bin.index.json'),
  inFolder: (names) =>
    firstOf(names, ['pytorch_model.bin.index.json', 'diffusion_pytorch_model.bin.index.json']),
  read: async (path) => ({ contents: await indexContents(path), files: [path] }),
};

async function indexContents(path: string): Promise<WeightContents> {
  const read = await readIndexSizes(path);
  return read.ok ? { kind: 'sizes', sizes: read.value } : { kind: 'unreadable', reason: read.reason };
}

/** What an index of shards says by itself. */
export async function readIndexSizes(path: string): Promise<FileRead<WeightSizes>> {
  const name = basename(path);
  const refused = (reason: string): FileRead<WeightSizes> => ({ ok: false, reason: `${name}: ${reason}` });
  let text: string | null;
  try {
    text = await readTextIfThere(path, MAX_HEADER_BYTES);
  } catch (error) {
    if (!(error instanceof FileTooLarge)) throw error;
    return refused(`has ${error.bytes} bytes, at most ${MAX_HEADER_BYTES} are read`);
  }
  if (text === null) return refused('cannot be read');
  const outcome = parseWeightIndex(text);
  if (!outcome.ok) return refused(outcome.reason);
  const { totalBytes, tensorNames } = outcome.index;
  if (totalBytes === null) return refused('has no metadata.total_size');
  return { ok: true, value: { source: name, totalBytes, names: tensorNames } };
}

/**
 * Pickles: `pytorch_model.bin`, `consolidated.00.pth`, `lit_model.pth`. They are never unpickled. PyTorch writes a zip
 * archive with one entry for each storage, whose directory says their bytes (torch/serialization.py, `_save`); before
 * 1.6 it was a bare stream, of which only the size is known.
 */
export const torchPickle: WeightFormat = {
  name: 'PyTorch file',
  engine: null,
  takes: (fileName) => /\.(?:bin|pt|pth|ckpt)$/iu.test(fileName),
  inFolder: (names) =>
    firstOf(names, [
      'pytorch_model.bin',
      'lit_model.pth',
      'consolidated.00.pth',
      'diffusion_pytorch_model.bin',
    ]),
  async read(path) {
    const files = await partsOf(path);
    let totalBytes = 0;
    for (const file of files) {
      const read = await readPickleSize(file);
      if (!read.ok) return { contents: { kind: 'unreadable', reason: read.reason }, files };
      totalBytes += read.value;
    }
    const source = files.length === 1 ? basename(path) : `${files.length} files like ${basename(path)}`;
    return { contents: { kind: 'sizes', sizes: { source, totalBytes, names: null } }, files };
  },
};

/** `consolidated.00.pth`, `consolidated.01.pth`, …: one file for each model-parallel rank. */
async function partsOf(path: string): Promise<readonly string[]> {
  const folder = dirname(path);
  if (!/^consolidated\.\d\d\.pth$/u.test(basename(path))) return [path];
  const names = await readdir(folder).catch(() => []);
  const parts = names.filter((name) => /^consolidated\.\d\d\.pth$/u.test(name)).sort();
  return parts.length === 0 ? [path] : parts.map((name) => join(folder, name));
}

/** Bytes of the storages of a pickle. */
export function readPickleSize(path: string): Promise<FileRead<number>> {
  return readOpenFile(path, async (file) => {
    const { handle, size } = file;
    const start = new Uint8Array(4);
    await file.read(0, start);
    if (start[0] === 0x50 && start[1] === 0x4b) {
      const archive = await readZip(handle, size, null);
      if (typeof archive === 'string') return { ok: false, reason: archive };
      const storages = archive.entries.filter(({ name }) => /(?:^|\/)data\/\d+$/u.test(name));
      if (storages.length === 0) return { ok: false, reason: 'is an archive without tensors of PyTorch' };
      return { ok: true, value: storages.reduce((sum, { bytes }) => sum + bytes, 0) };
    }
    // The opcode PROTO, then the version (pickletools.py).
    if (start[0] === 0x80 && (start[1] ?? 0) <= 5 && size > 4) return { ok: true, value: size };
    return { ok: false, reason: 'is no file that PyTorch saved' };
  });
}
