import { readGgufModel } from '../platform/model/ggufFile';
import { CliFailure } from './failure';

/**
 * A bare GGUF file as a job document: run by llama.cpp as it is, one sequence of `contextLength` tokens or of as many as
 * the model was made for.
 *
 * @throws CliFailure for a file that is no model.
 */
export async function ggufJob(path: string, contextLength: number): Promise<string> {
  const { outcome } = await readGgufModel(path);
  if (!outcome.ok) throw new CliFailure(outcome.reason);
  const most = outcome.blueprint.maxContext ?? contextLength;
  return JSON.stringify({
    schema: 1,
    engine: 'llama.cpp',
    model: { path },
    inference: { contextLength: Math.min(contextLength, most) },
  });
}
