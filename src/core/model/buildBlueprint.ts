import type { Dtype } from '../units/dtype';
import type { Origin } from '../units/origin';
import type { BlueprintOutcome, ConfigProblem, Quantization } from './blueprint';
import { library } from './classDefaults.generated';
import type { ConfigReader } from './configReader';
import type { Architecture } from './family';
import { parameterCount } from './parameters';
import { ModelBuilder, TooManyTensors } from './parts/modelBuilder';

/** Integers beyond this are not exact; no real model comes near. */
const MOST_PARAMETERS = Number.MAX_SAFE_INTEGER;

/** A class to build, and what is known of it besides its config. */
export interface Choice {
  readonly architecture: Architecture;
  /** What the answer calls it. */
  readonly name: string;
  readonly origin: Origin;
  readonly assumptions: readonly string[];
}

/** How a checkpoint of the model is stored, as far as its config tells. */
export interface Storage {
  readonly dtype: Dtype;
  readonly dtypeOrigin: Origin;
  readonly quantization: Quantization | null;
}

/**
 * Builds a class from its config: every tensor and layer, or all problems that the reader noted on the way. `storageOf` is
 * asked after the tensors, so that what is wrong with the sizes is said first. Never throws for what stands in a config.
 */
export function buildBlueprint(
  choice: Choice,
  reader: ConfigReader,
  problems: ConfigProblem[],
  storageOf: () => Storage,
): BlueprintOutcome {
  const { architecture } = choice;
  const model = new ModelBuilder();
  try {
    architecture.build(reader, model);
  } catch (error) {
    if (error instanceof TooManyTensors) return refused(error.message, problems);
    throw error;
  }
  const { dtype, dtypeOrigin, quantization } = storageOf();
  if (problems.length > 0) return refused(problemSentence(problems), problems);
  if (parameterCount(model) > MOST_PARAMETERS)
    return refused('the sizes of the config give more parameters than any model can have', problems);
  return {
    ok: true,
    blueprint: {
      architecture: choice.name,
      modelType: architecture.modelType,
      library: architecture.library ?? library,
      origin: model.exact ? choice.origin : 'assumed',
      assumptions: [...choice.assumptions, ...model.assumptions],
      dtype,
      dtypeOrigin,
      ...model.facts,
      task: architecture.task,
      layers: model.layers,
      tensors: model.tensors,
      ...(model.checkpointOnly.length > 0 ? { checkpointOnly: model.checkpointOnly } : {}),
      quantization,
    },
  };
}

export function refused(reason: string, problems: readonly ConfigProblem[] = []): BlueprintOutcome {
  return { ok: false, reason, problems };
}

/** The first problem as a sentence, and how many more there are. */
export function problemSentence(problems: readonly ConfigProblem[]): string {
  const [first] = problems;
  if (first === undefined) return 'the config cannot be right';
  const value = first.value === null ? 'is missing' : `is ${first.value}`;
  const more = problems.length === 1 ? '' : `, and ${problems.length - 1} more`;
  return `${first.key} ${value}, expected ${first.expected}${more}`;
}
