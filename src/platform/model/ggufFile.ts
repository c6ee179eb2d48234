import { basename, dirname, join } from 'node:path';
import type { BlueprintOutcome } from '../../core/model/blueprint';
import { blueprintFromGguf } from '../../core/model/blueprintFromGguf';
import { readGgufHeader, type GgufHeader } from '../../core/model/gguf';
import { ggufParts, joinGgufParts, type GgufContents } from '../../core/model/ggufSplit';
import { readOpenFile, type FileRead } from './openFile';
import type { WeightFormat } from './weightFormat';

/** GGUF files, whole or in parts. */
export const gguf: WeightFormat = {
  name: 'GGUF',
  engine: 'llama.cpp',
  takes: (fileName) => /\.gguf$/iu.test(fileName),
  inFolder: onlyModel,
  async read(path) {
    const { outcome, files } = await readGgufModel(path);
    return { contents: { kind: 'model', outcome }, files };
  },
};

/** The one model of a folder: with several types of it, none is meant more than another. Projectors belong to a model. */
function onlyModel(names: ReadonlySet<string>): string | null {
  const models = [...names].filter(
    (name) => /\.gguf$/iu.test(name) && !/mmproj/iu.test(name) && (ggufParts(name)?.[0] ?? name) === name,
  );
  return models.length === 1 ? (models[0] ?? null) : null;
}

/** Parts of one model that are opened. The largest published ones have a few dozen. */
const MOST_PARTS = 1000;

export type GgufFileOutcome =
  | {
      readonly ok: true;
      readonly contents: GgufContents;
      /** All files of the model, the first part first. */
      readonly files: readonly string[];
      /** Their size on disk together. */
      readonly fileBytes: number;
    }
  /** One sentence that begins with the file's name. */
  | { readonly ok: false; readonly reason: string };

/**
 * Reads the header of a GGUF file, or of all parts when it is one of `…-00001-of-0000N.gguf`. Only headers are read, in
 * chunks, whatever the files' size. A file that is missing, unreadable or malformed gives one sentence.
 */
export async function readGgufFile(path: string): Promise<GgufFileOutcome> {
  const names = ggufParts(basename(path)) ?? [basename(path)];
  if (names.length > MOST_PARTS)
    return refused(path, `is one of ${names.length} parts, at most ${MOST_PARTS} are read`);
  const files = names.map((name) => join(dirname(path), name));
  const headers: GgufHeader[] = [];
  let fileBytes = 0;
  for (const file of files) {
    const part = await readPart(file);
    if (!part.ok) return part;
    headers.push(part.value.header);
    fileBytes += part.value.fileBytes;
  }
  const contents = joinGgufParts(headers);
  if (typeof contents === 'string') return refused(path, contents);
  return { ok: true, contents, files, fileBytes };
}

/** A GGUF file as a model: its Blueprint, and the files that were read for it. */
export async function readGgufModel(
  path: string,
): Promise<{ readonly outcome: BlueprintOutcome; readonly files: readonly string[] }> {
  const read = await readGgufFile(path);
  if (!read.ok) return { outcome: { ok: false, reason: read.reason, problems: [] }, files: [path] };
  const outcome = blueprintFromGguf(read.contents, basename(path));
  if (outcome.ok) return { outcome, files: read.files };
  return { outcome: { ...outcome, reason: `${basename(path)}: ${outcome.reason}` }, files: read.files };
}

function refused(path: string, reason: string): GgufFileOutcome {
  return { ok: false, reason: `${basename(path)}: ${reason}` };
}

/** The header of one file. */
function readPart(path: string): Promise<FileRead<{ header: GgufHeader; fileBytes: number }>> {
  return readOpenFile(path, async (file) => {
    const outcome = await readGgufHeader(file);
    return outcome.ok ? { ok: true, value: { header: outcome.header, fileBytes: file.size } } : outcome;
  });
}
