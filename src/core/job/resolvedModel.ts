import type { BlueprintOutcome } from '../model/blueprint';
import type { ModelSetting } from './jobDocument';

/** A model of a job after its Reference was resolved: its Blueprint, or the sentence that says why there is none. */
export interface ResolvedModel {
  readonly setting: ModelSetting;
  /** Folder of a part of a pipeline (`text_encoder_2`); absent for a model of its own. */
  readonly part?: string;
  /** Hub id or path, for people; null for a config that is written out in the job document. */
  readonly id: string | null;
  /** Where the shapes come from, for people: `config.json beside the file`, `Hugging Face cache`, `built-in table`. */
  readonly source: string;
  readonly outcome: BlueprintOutcome;
}
