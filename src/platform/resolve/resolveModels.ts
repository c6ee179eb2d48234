import { dirname } from 'node:path';
import type { Job, Recognition, Reference } from '../../core/job/job';
import type { ModelSetting } from '../../core/job/jobDocument';
import { knownModel } from '../../core/job/knownModels';
import type { ResolvedModel } from '../../core/job/resolvedModel';
import type { BlueprintOutcome, Quantization } from '../../core/model/blueprint';
import { blueprintFromConfig } from '../../core/model/blueprintFromConfig';
import { blueprintFromDescription } from '../../core/model/descriptions/index';
import { findModel, type ResolveContext } from './findModel';
import { readConfigIn, readModel } from './readModel';
import { readPipeline } from './readPipeline';

/** The models of a job, in its order, and the files that were read for them. */
export interface ResolvedModels {
  readonly models: readonly ResolvedModel[];
  readonly files: readonly string[];
}

/**
 * Finds every model of a job without a network: on this machine's disk, else among the architectures that Rooflens
 * knows by name. A model that is not found is an outcome with its reason, never an error.
 */
export async function resolveModels(
  job: Job,
  recognition: Pick<Recognition, 'bareModel' | 'references'>,
  context: ResolveContext,
): Promise<ResolvedModels> {
  const models: ResolvedModel[] = [];
  const parts: ResolvedModel[] = [];
  const files: string[] = [];
  for (const [index, setting] of job.document.models.entries()) {
    const id = job.modelReferences[index] ?? null;
    const reference = recognition.references.find((one) => one.id === id) ?? null;
    const resolved =
      recognition.bareModel && setting.config !== null
        ? await besideFile(setting, setting.config, context)
        : await resolveModel(setting, reference, context);
    models.push(resolved.model);
    parts.push(...(resolved.parts ?? []));
    files.push(...resolved.files);
  }
  // The document's own models keep their places.
  return { models: [...models, ...parts], files };
}

interface Resolved {
  readonly model: ResolvedModel;
  /** The further parts of a pipeline. */
  readonly parts?: readonly ResolvedModel[];
  readonly files: readonly string[];
}

async function resolveModel(
  setting: ModelSetting,
  reference: Reference | null,
  context: ResolveContext,
): Promise<Resolved> {
  if (setting.config !== null) return { model: writtenOut(setting, setting.config), files: [] };
  const name = reference?.name ?? setting.path ?? setting.hub;
  if (name === null) return { model: missing(setting, null, 'the job names no model'), files: [] };
  const found = await findModel(name, reference?.revision ?? null, context);
  if (found?.kind === 'pipeline') {
    const { models, files } = await readPipeline(found.path, setting, name, context);
    const [model = missing(setting, name, `${name} is empty`), ...parts] = models;
    return { model, parts, files };
  }
  if (found !== null) {
    const { outcome, source, files } = await readModel(found, context);
    return { model: { setting, id: name, source, outcome: runnable(outcome, setting) }, files };
  }
  // A repository of GGUF files holds many types: its name is enough once the document says which.
  const known = knownModel(setting.quantization ? name.replace(/-gguf$/iu, '') : name);
  if (known === null) return { model: missing(setting, name, `${name} is not on this machine`), files: [] };
  const outcome = storedAs(blueprintFromConfig(known.config), known.quantization);
  return { model: { setting, id: name, source: `the built-in table (${known.id})`, outcome }, files: [] };
}

/** A projector or an adapter is no model to run; as what a job says it is, it counts. */
function runnable(outcome: BlueprintOutcome, setting: ModelSetting): BlueprintOutcome {
  return outcome.ok && outcome.blueprint.notRunnable !== undefined && setting.role === 'main'
    ? { ok: false, reason: outcome.blueprint.notRunnable, problems: [] }
    : outcome;
}

/** A document that is a model's config itself: its weights and its quantisation may lie beside it. */
async function besideFile(
  setting: ModelSetting,
  config: Readonly<Record<string, unknown>>,
  context: ResolveContext,
): Promise<Resolved> {
  if (context.filePath === null) return { model: writtenOut(setting, config), files: [] };
  const read = await readConfigIn(dirname(context.filePath), config, 'this file');
  const outcome = runnable(read.outcome, setting);
  return { model: { setting, id: null, source: read.source, outcome }, files: read.files };
}

/** A config in the document itself. */
function writtenOut(setting: ModelSetting, config: Readonly<Record<string, unknown>>): ResolvedModel {
  return {
    setting,
    id: null,
    source: 'the config in the file',
    outcome: runnable(blueprintFromDescription(config), setting),
  };
}

/** A copy's name may say how its weights are stored (`-AWQ`), which the table's shapes do not. */
function storedAs(outcome: BlueprintOutcome, quantization: Quantization | null): BlueprintOutcome {
  return outcome.ok && quantization !== null
    ? { ok: true, blueprint: { ...outcome.blueprint, quantization } }
    : outcome;
}

function missing(setting: ModelSetting, id: string | null, reason: string): ResolvedModel {
  return { setting, id, source: 'nowhere', outcome: { ok: false, reason, problems: [] } };
}
