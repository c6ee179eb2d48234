import type { JoinedFile } from '../../core/job/format';
import type { Reference } from '../../core/job/job';
import { FileTooLarge, readTextIfThere } from '../files/readText';
import { pathCandidates, type ResolveContext } from './findModel';

/** Files that a document points to, by reference id, as a second reading of the document takes them. */
export interface JoinedFiles {
  readonly joined: Readonly<Record<string, JoinedFile>>;
  /** Paths that were read, absolute. */
  readonly files: readonly string[];
}

/**
 * Reads the files that a document names (a DeepSpeed configuration, a launcher's file), looked for where its model is:
 * from the workspace folder, beside the document, in each folder between. What is not there is left out.
 */
export async function joinFiles(
  references: readonly Reference[],
  context: ResolveContext,
): Promise<JoinedFiles> {
  const joined: Record<string, JoinedFile> = {};
  const files: string[] = [];
  for (const { id, kind, name } of references) {
    if (kind !== 'file') continue;
    for (const [path] of pathCandidates(name, context)) {
      const text = await textOf(path);
      if (text === null) continue;
      joined[id] = { path: path.replaceAll('\\', '/'), text };
      files.push(path);
      break;
    }
  }
  return { joined, files };
}

async function textOf(path: string): Promise<string | null> {
  try {
    return await readTextIfThere(path);
  } catch (error) {
    // Too large to be a configuration: as good as not there.
    if (error instanceof FileTooLarge) return null;
    throw error;
  }
}
