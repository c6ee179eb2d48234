import { join } from 'node:path';
import type { ModelSetting } from '../../core/job/jobDocument';
import { pipelineParts, type PipelinePart } from '../../core/job/pipelineIndex';
import type { ResolvedModel } from '../../core/job/resolvedModel';
import type { BlueprintOutcome } from '../../core/model/blueprint';
import { blueprintFromConfig } from '../../core/model/blueprintFromConfig';
import { blueprintFromHeader } from '../../core/model/blueprintFromHeader';
import { readTextIfThere } from '../files/readText';
import { readWeightFile, weightsInFolder } from '../model/weightFormats';
import { findModel, type ResolveContext } from './findModel';
import { parsedConfig, readModel } from './readModel';

/** The parts of a diffusers pipeline, the denoiser first, and the files that were read for them. */
export interface ReadPipeline {
  readonly models: readonly ResolvedModel[];
  readonly files: readonly string[];
}

/**
 * Reads each part of the pipeline in a folder: its config, and the headers of its weights where they are there. Parts that are not
 * there are named together, so that one sentence says what is missing.
 */
export async function readPipeline(
  folder: string,
  setting: ModelSetting,
  id: string,
  context: ResolveContext,
): Promise<ReadPipeline> {
  const indexPath = join(folder, 'model_index.json');
  const files = [indexPath];
  const parts = pipelineParts(parsedConfig((await readTextIfThere(indexPath)) ?? '')) ?? [];
  const outcomes: (BlueprintOutcome | null)[] = [];
  for (const part of parts) {
    const { outcome, read } = await readPart(folder, part, context);
    outcomes.push(outcome);
    files.push(...read);
  }
  const absent = parts.filter((_, index) => outcomes[index] === null).map((part) => part.name);
  const models = parts.map((part, index): ResolvedModel => {
    const read = outcomes[index] ?? null;
    const outcome =
      read === null
        ? refused(`this pipeline's ${listed(absent)} not beside its model_index.json`)
        : read.ok
          ? read
          : refused(`${part.name}: ${read.reason}`);
    return {
      setting: index === 0 ? setting : { ...setting, role: part.role, quantization: undefined },
      part: part.name,
      id: index === 0 ? id : part.name,
      source: part.name,
      outcome,
    };
  });
  if (models.length > 0) return { models, files };
  const outcome = refused(`${indexPath} names no part with weights`);
  return { models: [{ setting, id, source: id, outcome }], files };
}

async function readPart(
  folder: string,
  part: PipelinePart,
  context: ResolveContext,
): Promise<{ readonly outcome: BlueprintOutcome | null; readonly read: readonly string[] }> {
  if (part.config !== null) return { outcome: blueprintFromConfig(part.config), read: [] };
  const found = await findModel(join(folder, part.name), null, context);
  if (found === null) return { outcome: null, read: [] };
  const { outcome, files } = await readModel(found, context);
  if (outcome.ok) return { outcome, read: files };
  // A class that is not known still has weights whose bytes count.
  const path = await weightsInFolder(found.path);
  const weights = path === null ? null : await readWeightFile(path);
  return weights?.contents.kind === 'tensors'
    ? {
        outcome: blueprintFromHeader(weights.contents.header, weights.contents.library),
        read: [...files, ...weights.files],
      }
    : { outcome, read: files };
}

function refused(reason: string): BlueprintOutcome {
  return { ok: false, reason, problems: [] };
}

function listed(names: readonly string[]): string {
  return names.length === 1
    ? `${names[0] ?? ''} is`
    : `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''} are`;
}
