import type { Dtype } from '../units/dtype';
import type { Origin } from '../units/origin';
import type { Range } from '../units/range';
import type { UnreachedWeights } from '../model/quantisation/weightBytes';

export type TermName =
  | 'weights'
  | 'adapters'
  | 'kvCache'
  | 'recurrentState'
  | 'activations'
  | 'logits'
  | 'gradients'
  | 'optimizerStates'
  | 'communication'
  | 'cudaGraphs'
  | 'workspace'
  | 'output'
  | 'fragmentation'
  | 'runtime';

/** One addend of a device's memory. */
export interface MemoryTerm {
  readonly name: TermName;
  readonly component: string;
  /** Alive at the instant of the device's peak, bytes. */
  readonly bytes: Range;
  /** The term's own maximum over the phase, bytes. */
  readonly size: Range;
  readonly origin: Origin;
}

export type Phase =
  'load' | 'warmup' | 'prefill' | 'decode' | 'train-step' | 'optimizer-step' | 'eval' | 'save';

/** Memory of one class of identical ranks. `allocatedPeak + fragmentation = reservedPeak; + runtime = devicePeak`. */
export interface DeviceMemory {
  readonly device: string;
  readonly ranks: number;
  readonly phase: Phase;
  readonly terms: readonly MemoryTerm[];
  readonly allocatedPeak: Range;
  /** PyTorch's `active_bytes`: allocated plus blocks that wait for another stream. */
  readonly activePeak: Range;
  readonly reservedPeak: Range;
  readonly devicePeak: Range;
}

export interface HostMemory {
  readonly terms: readonly MemoryTerm[];
  readonly peak: Range;
}

/** What the engine put where, for the engines that split by themselves. */
export interface PlacementOutcome {
  readonly layersOnDevice: number;
  readonly layers: number;
  /** Bytes of weights read from host memory per token. */
  readonly hostWeightBytes: number;
  readonly hostKvBytes: number;
}

/** Weights of the main model that its quantisation method passes by. */
export interface Unreached extends UnreachedWeights {
  readonly method: string;
  /** Type that they stay in. */
  readonly dtype: Dtype;
  /** Bytes of all weights. */
  readonly total: number;
}

export interface MemoryEstimate {
  readonly perDevice: readonly DeviceMemory[];
  readonly host: HostMemory;
  readonly diskBytes: number | null;
  readonly placement: PlacementOutcome | null;
  readonly kvPoolTokens: number | null;
  readonly kvRequiredBytes: number | null;
  /** For engines that fill a fraction of the card with cache: the pool less one longest sequence, bytes. Below 0 they do not start. */
  readonly poolMargin: Range | null;
  readonly adapterParameters: number;
  readonly trainableParameters: number;
  /** Stored tensor bytes under the job's quantisation, whole model. */
  readonly weightBytes: number;
  /** Type that the main model is held in where the engine does not take the checkpoint's. */
  readonly loadedAs?: Dtype;
  /** What the quantisation does not reach; null or absent = nothing is left out. */
  readonly unreached?: Unreached | null;
  /** Sentences that a reader of the figure should know. */
  readonly notes: readonly string[];
  /** A combination of settings that the engine refuses: the sentence it would print, in our words. */
  readonly refusal: string | null;
  /** Why there is no figure for this job: one sentence; null = there is one. `perDevice` is empty then. */
  readonly unknown: string | null;
}
