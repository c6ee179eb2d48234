import type { Origin } from '../units/origin';
import type { Range } from '../units/range';

export type Bound = 'compute' | 'memory' | 'link' | 'host' | 'launch';

export interface SpeedPhase {
  readonly name: 'prefill' | 'decode' | 'train' | 'image' | 'embed';
  readonly perSecond: Range;
  readonly unit: 'tokens' | 'images' | 'videos' | 'sequences';
  readonly boundBy: Bound;
  readonly origin: Origin;
}

/** Speed as if the job fitted, also when it does not. null = a ceiling is missing. */
export interface SpeedEstimate {
  readonly phases: readonly SpeedPhase[];
  readonly perRequest: {
    readonly timeToFirstTokenSeconds: Range | null;
    readonly decodeTokensPerSecond: Range | null;
  };
  readonly durationSeconds: Range | null;
}

/** Whether the CPU that one has is enough. */
export interface CpuAnswer {
  readonly suffices: boolean;
  readonly criterion: string;
  readonly timeToFirstTokenSeconds: Range | null;
  readonly decodeTokensPerSecond: Range | null;
  readonly trainTokensPerSecond: Range | null;
  readonly ramBytes: number;
  readonly reason: string;
}
