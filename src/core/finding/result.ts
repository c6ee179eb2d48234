import type { Limits } from '../advice/limits';
import type { Failure, Verdict } from '../advice/verdict';
import type { DeviceMemory, HostMemory, PlacementOutcome, Unreached } from '../estimate/memoryEstimate';
import type { TargetChoice } from '../hardware/target';
import type { JobDocument } from '../job/jobDocument';
import type { JobPath, SettingOrigin } from '../job/job';
import type { CpuAnswer, SpeedEstimate } from '../speed/speedEstimate';
import type { Quantization } from '../model/blueprint';
import type { Dtype } from '../units/dtype';
import type { Origin } from '../units/origin';
import type { TextEdit } from '../units/span';

export type { Failure, Limits, Verdict };

/** A change of settings, the estimate after it, and the text edits that make it. */
export interface Remedy {
  readonly title: string;
  readonly set: Readonly<Record<JobPath, unknown>>;
  readonly changesResults: boolean;
  readonly verdict: Verdict;
  readonly expectedBytes: number;
  readonly edits: readonly TextEdit[];
}

export interface ModelSummary {
  readonly id: string | null;
  readonly architecture: string | null;
  readonly parameters: number | null;
  readonly activeParameters: number | null;
  readonly trainableParameters: number;
  readonly weightBytes: number | null;
  /** Of what is not quantised. */
  readonly dtype: Dtype | null;
  /** The job's, else what the checkpoint itself says; null = none. */
  readonly quantization: Quantization | null;
  /** What the quantisation passes by; null = nothing. */
  readonly unreached: Unreached | null;
  readonly origin: Origin;
}

/** One job's answer: what the command line prints and every surface of the editor renders. The contract's field names. */
export interface EstimateResult {
  readonly source: { readonly file: string | null; readonly line: number; readonly key: string | null };
  readonly kind: string;
  readonly verdict: Verdict;
  readonly verdictNow: Verdict;
  readonly failure: Failure | null;
  readonly reason: string;
  readonly model: ModelSummary;
  readonly job: JobDocument & { readonly origins: Readonly<Record<JobPath, SettingOrigin>> };
  readonly target: {
    readonly name: string;
    readonly label: string;
    /** Who decided on it. */
    readonly choice: TargetChoice;
    readonly alternatives: readonly string[];
    readonly pools: readonly {
      readonly kind: 'device' | 'host' | 'unified';
      readonly name: string;
      readonly count: number;
      readonly usableBytes: number;
      readonly freeBytes: number | null;
    }[];
    readonly budget: { readonly bytes: number; readonly rule: string };
  };
  readonly memory: {
    readonly perDevice: readonly DeviceMemory[];
    readonly host: HostMemory;
    readonly diskBytes: number | null;
    /** What a splitting engine put where; null for the others. */
    readonly placement: PlacementOutcome | null;
  };
  readonly limits: Limits;
  readonly speed: SpeedEstimate;
  readonly cpu: CpuAnswer | null;
  readonly remedies: readonly Remedy[];
}
