import { devicePools, type Target } from '../hardware/target';
import type { EngineName, JobDocument } from '../job/jobDocument';
import type { ResolvedModel } from '../job/resolvedModel';
import type { Blueprint, Quantization } from '../model/blueprint';
import { widened } from './assumedModel';
import { unanswered, type EngineModel } from './engines/engineInput';
import { inferenceRules } from './engines/inferenceRules';
import { trainingMemory } from './engines/training';
import type { MemoryEstimate, Unreached } from './memoryEstimate';
import { quantisedLoading } from './engines/quantisedLoading';
import { heldWeights } from './terms/weights';

export interface EstimateInput {
  readonly job: JobDocument;
  readonly models: readonly ResolvedModel[];
  readonly target: Target;
}

/**
 * Memory of a job on a target. Pure arithmetic on shapes; an estimate without figures says why in `unknown`.
 */
export function estimateMemory(input: EstimateInput): MemoryEstimate {
  const estimate = estimateAsRead(input);
  const assumed = input.models.some(({ outcome }) => outcome.ok && outcome.blueprint.origin === 'assumed');
  return assumed ? widened(estimate) : estimate;
}

function estimateAsRead({ job, models, target }: EstimateInput): MemoryEstimate {
  const loaded: EngineModel[] = [];
  const notes: string[] = [];
  let refusal: string | null = null;
  const [first = null] = devicePools(target);
  // A pipeline is loaded as a whole: the dtype that it is given is that of all its parts.
  const given = models.some((model) => model.part !== undefined) ? (models[0]?.setting.dtype ?? null) : null;
  for (const model of models) {
    if (!model.outcome.ok) return unanswered(model.outcome.reason);
    const { blueprint } = model.outcome;
    const dtype = model.setting.dtype ?? given;
    const loading = quantisedLoading(job, first, blueprint, quantizationOf(model, blueprint.quantization));
    notes.push(...loading.notes);
    refusal ??= loading.refusal;
    loaded.push(
      asHeldBy(job.engine.name, {
        role: model.setting.role,
        name: model.part ?? model.setting.role,
        blueprint,
        quantization: loading.quantization,
        dtype: dtype ?? (loadedInFp32(job.engine.name, blueprint) ? 'f32' : blueprint.dtype),
        defaultDtype: dtype === null && loadedInFp32(job.engine.name, blueprint),
      }),
    );
  }
  const main = loaded.find((model) => model.role === 'main') ?? loaded[0];
  if (main === undefined) return unanswered('the job names no model');
  const others = loaded.filter((model) => model !== main);
  const diffuses = main.blueprint.task === 'diffuse';
  if (diffuses && job.task === 'train')
    return unanswered('training of diffusion models is not estimated yet');
  if (diffuses && !runsPipelines.has(job.engine.name))
    return unanswered(`${job.engine.name} does not run ${main.blueprint.architecture}`);
  const memory = memoryOf(job, main, others, target);
  if (memory.unknown !== null) return memory;
  return {
    ...memory,
    unreached: unreachedOf(job, main),
    notes: [...notes, ...memory.notes],
    refusal: refusal ?? memory.refusal,
  };
}

function memoryOf(
  job: JobDocument,
  main: EngineModel,
  others: readonly EngineModel[],
  target: Target,
): MemoryEstimate {
  const engine = main.blueprint.task === 'diffuse' ? 'diffusers' : job.engine.name;
  if (job.task !== 'train') return inferenceRules(engine)({ job, main, others, target });
  const parallel = job.parallel;
  const split = parallel.tensor * parallel.pipeline * parallel.context * parallel.expert;
  if (split > 1)
    return unanswered('training split over tensor, pipeline, context or expert ranks is not estimated yet');
  const pool = devicePools(target)[0];
  if (pool === undefined) return unanswered('the target has no device');
  return trainingMemory({ job, main, others, pool });
}

/** What the method of the main model does not reach. A full fine-tuning holds the weights unquantised. */
function unreachedOf(job: JobDocument, { blueprint, quantization, dtype }: EngineModel): Unreached | null {
  if (quantization === null || (job.task === 'train' && job.training.method === 'full')) return null;
  const { unreached, total } = heldWeights(blueprint, quantization, dtype);
  return unreached === null ? null : { ...unreached, method: quantization.method, total, dtype };
}

const untied = new WeakMap<Blueprint, Blueprint>();

/**
 * The model as an engine's own classes lay it out. litgpt ties nothing and quantises every linear module, the head with them
 * (litgpt/model.py; litgpt/utils.py through lightning.fabric's bitsandbytes plugin).
 */
function asHeldBy(engine: EngineName, model: EngineModel): EngineModel {
  if (engine !== 'litgpt') return model;
  const { blueprint, quantization } = model;
  const own =
    untied.get(blueprint) ??
    ({
      ...blueprint,
      tensors: blueprint.tensors.map((tensor) => ({ ...tensor, tiedTo: null })),
    } satisfies Blueprint);
  untied.set(blueprint, own);
  const everything =
    quantization?.method.startsWith('bnb') === true ? { ...quantization, skip: [noModule] } : quantization;
  return { ...model, blueprint: own, quantization: everything };
}

/** Engines under which a class of diffusers means diffusers itself: it is what plain PyTorch code loads it with. */
const runsPipelines: ReadonlySet<EngineName> = new Set<EngineName>(['diffusers', 'transformers', 'pytorch']);

/**
 * Where no dtype is given, diffusers makes its own classes in fp32 and casts the checkpoint to that (models/model_loading_utils.py);
 * transformers takes the checkpoint's, for the text encoders of a pipeline too.
 */
function loadedInFp32(engine: EngineName, { quantization, task }: Blueprint): boolean {
  return runsPipelines.has(engine) && quantization === null && task === 'diffuse';
}

/** A pattern that matches no module's name. */
const noModule = ' ';

function quantizationOf(model: ResolvedModel, own: Quantization | null): Quantization | null {
  return model.setting.quantization === undefined ? own : model.setting.quantization;
}
