import type { Origin } from '../units/origin';

export type Vendor = 'nvidia' | 'amd' | 'intel' | 'apple' | 'google' | 'other';
export type DeviceKind = 'discrete' | 'integrated' | 'unified' | 'mig' | 'software';
/** Types that a device has a compute ceiling for. Tensor-core figures are dense, with fp32 accumulation. */
export type FlopType = 'fp32' | 'tf32' | 'fp16' | 'bf16' | 'fp8' | 'int8' | 'fp4';

/** A limit of a device with where it comes from. */
export interface Ceiling {
  readonly value: number;
  readonly origin: Origin;
}

/** The limits of one device. Every ceiling has its own origin: a WebGPU benchmark may set bandwidth, not matrix compute. */
export interface Ceilings {
  /** Memory bandwidth, bytes/s. */
  readonly bytesPerSecond: Ceiling | null;
  /** Operations/s by type; a multiply-add counts as two. */
  readonly flops: Readonly<Partial<Record<FlopType, Ceiling>>>;
  /** Seconds to start one kernel. */
  readonly launchSeconds: Ceiling | null;
  /** Host link (PCIe, C2C), bytes/s in one direction. */
  readonly linkBytesPerSecond: Ceiling | null;
}

export const noCeilings: Ceilings = {
  bytesPerSecond: null,
  flops: {},
  launchSeconds: null,
  linkBytesPerSecond: null,
};

export interface DeviceProcess {
  readonly pid: number;
  readonly name: string;
  /** null where the driver does not tell (WDDM). */
  readonly bytes: number | null;
}

/** One accelerator as detected. Unknown is null, never 0. */
export interface Device {
  readonly id: string;
  readonly index: number;
  readonly vendor: Vendor;
  readonly name: string;
  readonly catalogueId: string | null;
  readonly kind: DeviceKind;
  readonly totalBytes: number | null;
  /** total less what the driver reserves; for unified parts the pool a GPU may use. */
  readonly usableBytes: number | null;
  readonly freeBytes: number | null;
  readonly computeCapability: string | null;
  readonly driver: string | null;
  /** false when CUDA_VISIBLE_DEVICES (or its kin) hides it from this process. */
  readonly visible: boolean;
  readonly processes: readonly DeviceProcess[];
  readonly ceilings: Ceilings;
  readonly origin: Origin;
  /** The tool or file that told. */
  readonly source: string;
}

export interface Machine {
  readonly os: {
    readonly platform: string;
    readonly release: string;
    readonly container: boolean;
    readonly wsl: boolean;
    readonly loginNode: boolean;
  };
  readonly cpu: {
    readonly model: string;
    readonly physicalCores: number;
    readonly logicalCores: number;
    /** Instruction set extensions that matter for matrix work: avx2, avx512f, amx_bf16, neon, ... */
    readonly isa: readonly string[];
    /** Cores granted by the container's quota or affinity; null = no limit. */
    readonly quotaCores: number | null;
    readonly ceilings: Ceilings;
  };
  readonly memory: {
    readonly totalBytes: number;
    readonly availableBytes: number;
    /** cgroup limit; null = none. */
    readonly limitBytes: number | null;
    /** channels x transfers/s x 8 B, where the modules are known. */
    readonly ratedBytesPerSecond: number | null;
    readonly origin: Origin;
  };
  readonly devices: readonly Device[];
}

export type ProbeOutcome = 'ok' | 'not-found' | 'failed' | 'timeout' | 'skipped' | 'denied' | 'unreadable';

export interface Probe {
  readonly name: string;
  readonly outcome: ProbeOutcome;
  readonly milliseconds: number;
  readonly detail: string;
}

export interface ClusterPool {
  readonly name: string;
  readonly nodes: number;
  readonly device: string | null;
  readonly devicesPerNode: number | null;
  readonly deviceBytes: number | null;
  readonly free: number | null;
  readonly timeLimitSeconds: number | null;
}

export interface Cluster {
  readonly kind: 'slurm' | 'kubernetes' | 'ray';
  readonly name: string;
  readonly pools: readonly ClusterPool[];
}

/** What `rooflens hardware --json` prints, and what a target path may point to. */
export interface HardwareReport {
  readonly schema: 1;
  readonly machine: Machine;
  readonly clusters: readonly Cluster[];
  readonly probes: readonly Probe[];
}
