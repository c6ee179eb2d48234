import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Blueprint } from '../core/model/blueprint';
import { weightFormatOf, weightsInFolder } from '../platform/model/weightFormats';
import { fileAsModel, isDescribed, type FoundModel } from '../platform/resolve/findModel';
import { readModel } from '../platform/resolve/readModel';

/** A model's files as a job document. */
export type ModelJob =
  | { readonly outcome: 'job'; readonly text: string }
  /** A part of a model, or weights of which more is not known: a sentence that says what would complete it. */
  | { readonly outcome: 'fragment'; readonly message: string }
  /** A sentence that names the file. */
  | { readonly outcome: 'unreadable'; readonly message: string };

/** What a job says of a model that is one of these; of any other the engine's own task. */
const tasks: ReadonlySet<Blueprint['task']> = new Set(['generate', 'embed', 'classify', 'transcribe']);

/**
 * A model by itself, its folder or one of its files, as a job: run as it is by the engine that such files are made for, one sequence of
 * `contextLength` tokens or of as many as the model was made for.
 */
export async function modelJob(path: string, contextLength: number): Promise<ModelJob> {
  const name = basename(path);
  const isFolder = (await stat(path).catch(() => null))?.isDirectory() === true;
  const found: FoundModel | null = isFolder
    ? { path, kind: 'folder', source: path }
    : fileAsModel(path, path);
  if (found === null) return { outcome: 'unreadable', message: `${name}: is no model that Rooflens reads` };
  const weights = isFolder && !(await isDescribed(path)) ? await weightsInFolder(path) : path;
  const format = weights === null ? null : weightFormatOf(weights);
  const { outcome } = await readModel(found, {
    filePath: path,
    workspaceRoot: null,
    modelOverrides: {},
    environment: process.env,
  });
  if (!outcome.ok)
    return {
      outcome: 'unreadable',
      message: outcome.reason.startsWith(`${name}: `) ? outcome.reason : `${name}: ${outcome.reason}`,
    };
  const { maxContext, notRunnable, task } = outcome.blueprint;
  if (notRunnable !== undefined) return { outcome: 'fragment', message: notRunnable };
  const document = {
    schema: 1,
    ...(format?.engine ? { engine: format.engine } : {}),
    model: { path },
    ...(tasks.has(task) && task !== 'generate' ? { task } : {}),
    inference: { contextLength: Math.min(contextLength, maxContext ?? contextLength) },
  };
  return { outcome: 'job', text: JSON.stringify(document) };
}
