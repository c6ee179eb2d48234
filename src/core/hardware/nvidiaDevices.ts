import { GiB, MiB } from '../units/bytes';
import { catalogueCeilings, matchDriverName } from './catalogue';
import { catalogueMemory } from './catalogueMemory';
import { exactlyNamed } from './catalogueSearch';
import type { CatalogueEntry } from './catalogueEntry';
import { noCeilings } from './device';
import type { Ceiling, Ceilings, Device, DeviceProcess } from './device';
import { deviceUsable, pcieBandwidth } from './memoryBudgets';
import type { NvidiaProcess } from './parsers/nvidiaSmiComputeApps';
import { migComputeShare } from './parsers/nvidiaSmiList';
import type { NvidiaListing, NvidiaMigListing } from './parsers/nvidiaSmiList';
import type { NvidiaMigMemory } from './parsers/nvidiaSmiMig';
import type { NvidiaGpu } from './parsers/nvidiaSmiQuery';
import { isUnifiedNvidia } from './parsers/unifiedPart';
import { visibleDevices } from './parsers/visibleDevices';

/** The host's memory, for parts that share it, bytes. */
export interface HostMemoryFacts {
  readonly totalBytes: number;
  readonly availableBytes: number;
}

/** What nvidia-smi and the host told about the NVIDIA devices. */
export interface NvidiaFacts {
  readonly gpus: readonly NvidiaGpu[];
  readonly listings: readonly NvidiaListing[];
  readonly migMemory: readonly NvidiaMigMemory[];
  readonly processes: readonly NvidiaProcess[];
  /** What a unified part can have of the host's memory. */
  readonly host: HostMemoryFacts | null;
  /** The host's whole memory, which tells a unified part by its size; null = unknown. */
  readonly hostTotalBytes: number | null;
  /** CUDA_VISIBLE_DEVICES; undefined = not set. */
  readonly visibility: string | undefined;
}

/** The NVIDIA devices of a machine: MIG instances in place of a GPU that is split. */
export function nvidiaDevices(facts: NvidiaFacts): Device[] {
  const devices = facts.gpus.flatMap((gpu) => {
    const listing = facts.listings.find(({ index }) => index === gpu.index);
    if (gpu.mig === true && listing !== undefined && listing.migDevices.length > 0)
      return listing.migDevices.map((mig) => migDevice(gpu, mig, facts));
    return [wholeDevice(gpu, facts)];
  });
  const visible = visibleDevices(facts.visibility, devices);
  return visible === null
    ? devices
    : devices.map((device) => ({ ...device, visible: visible.has(device.id) }));
}

function wholeDevice(gpu: NvidiaGpu, facts: NvidiaFacts): Device {
  const unified = isUnifiedNvidia(gpu, facts.hostTotalBytes);
  const totalBytes = unified ? (facts.host?.totalBytes ?? null) : mebibytes(gpu.totalMiB);
  const entry = matchDriverName(gpu.name, { vendor: 'nvidia', totalBytes });
  const base = {
    id: gpu.uuid ?? gpu.busId ?? `nvidia-${gpu.index}`,
    index: gpu.index,
    vendor: 'nvidia',
    name: gpu.name,
    catalogueId: entry?.id ?? null,
    totalBytes,
    computeCapability: gpu.computeCapability ?? entry?.computeCapability ?? null,
    driver: gpu.driver,
    visible: true,
    processes: processesOf(gpu, facts.processes),
    ceilings: ceilingsOf(gpu, entry),
    source: 'nvidia-smi',
  } as const;
  if (unified) {
    const usableBytes = unifiedUsable(gpu, totalBytes);
    const available = facts.host?.availableBytes ?? null;
    return {
      ...base,
      kind: 'unified',
      usableBytes,
      freeBytes: usableBytes === null || available === null ? null : Math.min(available, usableBytes),
      origin: isCarveOut(gpu) ? 'assumed' : 'reported',
    };
  }
  // A GPU that is split, but whose instances this user may not list, cannot be used as a whole.
  const whole = gpu.mig !== true;
  return {
    ...base,
    kind: 'discrete',
    usableBytes: whole ? deviceUsable(totalBytes, mebibytes(gpu.reservedMiB)) : null,
    freeBytes: whole ? atMost(mebibytes(gpu.freeMiB), totalBytes) : null,
    origin: 'reported',
  };
}

/** N1X reports its carve-out as its total (8128 MiB), and can use far more. */
function isCarveOut(gpu: NvidiaGpu): boolean {
  return /\bN1X\b/u.test(gpu.name);
}

/** CUDA was seen to have 46477 MiB of a host with 54.2 GiB on N1X; elsewhere the whole of the host's memory. */
function unifiedUsable(gpu: NvidiaGpu, totalBytes: number | null): number | null {
  if (totalBytes === null) return null;
  return isCarveOut(gpu) ? Math.floor(totalBytes * ((46_477 * MiB) / (54.2 * GiB))) : totalBytes;
}

function migDevice(gpu: NvidiaGpu, mig: NvidiaMigListing, facts: NvidiaFacts): Device {
  const memory = facts.migMemory.find(({ busId, index }) => busId === gpu.busId && index === mig.index);
  const parentBytes = mebibytes(gpu.totalMiB);
  const entry = matchDriverName(gpu.name, { vendor: 'nvidia', totalBytes: parentBytes });
  const reported = mebibytes(memory?.totalMiB ?? null);
  const totalBytes = reported ?? profileBytes(mig.profile);
  const slices = /\bA30\b/u.test(gpu.name) ? 4 : 7;
  const memoryShare = totalBytes === null || parentBytes === null ? 1 : Math.min(1, totalBytes / parentBytes);
  return {
    id: mig.uuid,
    index: gpu.index,
    vendor: 'nvidia',
    name: `${gpu.name} MIG ${mig.profile}`,
    catalogueId: entry?.id ?? null,
    kind: 'mig',
    totalBytes,
    usableBytes: deviceUsable(totalBytes, mebibytes(memory?.reservedMiB ?? null)),
    freeBytes: atMost(mebibytes(memory?.freeMiB ?? null), totalBytes),
    computeCapability: gpu.computeCapability ?? entry?.computeCapability ?? null,
    driver: gpu.driver,
    visible: true,
    // The tool tells which GPU a process is on, not which instance.
    processes: [],
    ceilings:
      entry === null
        ? noCeilings
        : catalogueCeilings(entry, migComputeShare(mig.profile, slices) ?? 1, memoryShare),
    origin: reported === null ? 'assumed' : 'reported',
    source: 'nvidia-smi',
  };
}

/** `3g.40gb` has a little less than 40 GiB: 39.5, 19.6 and 9.75 GiB were seen for 40, 20 and 10, so 0.97 of it is sure. */
function profileBytes(profile: string): number | null {
  const gib = /g\.(\d{1,4})gb/u.exec(profile)?.[1];
  return gib === undefined ? null : Math.floor(Number(gib) * GiB * 0.97);
}

function processesOf(gpu: NvidiaGpu, processes: readonly NvidiaProcess[]): DeviceProcess[] {
  return processes
    .filter(({ gpuUuid }) => gpuUuid === gpu.uuid)
    .map(({ pid, name, usedMiB }) => ({ pid, name, bytes: mebibytes(usedMiB) }));
}

/**
 * Published ceilings, the host link by its generation and width. Where the memory clock and the bus width give another bandwidth
 * than the table (revisions with faster memory, cards with a lower limit), the clock is right: two transfers a clock on
 * every memory type that the tool reports.
 */
function ceilingsOf(gpu: NvidiaGpu, entry: CatalogueEntry | null): Ceilings {
  const published = entry === null ? noCeilings : catalogueCeilings(entry);
  const link = pcieBandwidth(gpu.pcieGeneration, gpu.pcieWidth);
  return {
    ...published,
    bytesPerSecond: clockedBandwidth(gpu, entry) ?? published.bytesPerSecond,
    linkBytesPerSecond: link === null ? null : { value: link, origin: 'formula' },
  };
}

function clockedBandwidth(gpu: NvidiaGpu, entry: CatalogueEntry | null): Ceiling | null {
  const published = entry?.bandwidthGBps ?? null;
  const busBits = entry?.busBits ?? null;
  if (published === null || busBits === null || gpu.maxMemoryMHz === null) return null;
  const value = (gpu.maxMemoryMHz * 1e6 * 2 * busBits) / 8;
  const ratio = value / (published * 1e9);
  const differs = Math.abs(ratio - 1) > 0.05;
  return differs && ratio > 0.5 && ratio < 1.6 ? { value, origin: 'formula' } : null;
}

/** NVIDIA devices that the kernel or the bus shows, of which no tool tells the memory. */
export interface NvidiaTrace {
  readonly name: string;
  readonly uuid: string | null;
  readonly busId: string | null;
  readonly driver: string | null;
  /** Whether a process here can open the device. */
  readonly usable: boolean;
  readonly source: string;
}

/**
 * A device without nvidia-smi: its memory is the catalogue's where the name means one product, else unknown. One that cannot
 * be opened (no driver, not passed into the container) is listed and not used.
 */
export function tracedNvidiaDevice(trace: NvidiaTrace, index: number): Device {
  // The list of PCI ids has its own spelling: "A100 PCIe 80GB" where the driver prints "A100 80GB PCIe".
  const named = exactlyNamed(trace.name);
  const entry = matchDriverName(trace.name, { vendor: 'nvidia' }) ?? named?.entry ?? null;
  const size = entry?.optionsGiB.length === 1 ? entry.ratedGiB : (named?.sizeGiB ?? null);
  const memory = entry === null ? null : catalogueMemory(entry, size);
  return {
    id: trace.uuid ?? trace.busId ?? `nvidia-${index}`,
    index,
    vendor: 'nvidia',
    name: trace.name,
    catalogueId: entry?.id ?? null,
    kind: entry?.memory === 'unified' ? 'unified' : 'discrete',
    totalBytes: memory?.totalBytes ?? null,
    usableBytes: trace.usable ? (memory?.usableBytes ?? null) : null,
    freeBytes: null,
    computeCapability: entry?.computeCapability ?? null,
    driver: trace.driver,
    visible: trace.usable,
    processes: [],
    ceilings: entry === null ? noCeilings : catalogueCeilings(entry),
    origin: memory === null ? 'assumed' : memory.usableOrigin,
    source: trace.source,
  };
}

function mebibytes(mib: number | null): number | null {
  return mib === null ? null : Math.round(mib * MiB);
}

function atMost(bytes: number | null, limit: number | null): number | null {
  return bytes === null || limit === null ? bytes : Math.min(bytes, limit);
}
