import type { Target } from '../../hardware/target';
import type { JobDocument } from '../../job/jobDocument';
import type { Blueprint, Quantization } from '../../model/blueprint';
import type { Dtype } from '../../units/dtype';
import type { MemoryEstimate } from '../memoryEstimate';

/** A model of a job as an engine loads it. */
export interface EngineModel {
  readonly role: string;
  /** Name of a part of a pipeline (`text_encoder_2`); the role of anything else. */
  readonly name: string;
  readonly blueprint: Blueprint;
  readonly quantization: Quantization | null;
  /** dtype of what is not quantised. */
  readonly dtype: Dtype;
  /** Nobody named the dtype: it is the one that the library loads with. */
  readonly defaultDtype: boolean;
}

/** What every inference engine's rules get. */
export interface EngineInput {
  readonly job: JobDocument;
  readonly main: EngineModel;
  /** Draft models, projectors and the like. */
  readonly others: readonly EngineModel[];
  readonly target: Target;
}

/** The rules of one engine. */
export type EngineRules = (input: EngineInput) => MemoryEstimate;

/** An estimate without a figure. */
export function unanswered(reason: string): MemoryEstimate {
  return {
    perDevice: [],
    host: { terms: [], peak: { low: 0, expected: 0, high: 0 } },
    diskBytes: null,
    placement: null,
    kvPoolTokens: null,
    kvRequiredBytes: null,
    poolMargin: null,
    adapterParameters: 0,
    trainableParameters: 0,
    weightBytes: 0,
    notes: [],
    refusal: null,
    unknown: reason,
  };
}
