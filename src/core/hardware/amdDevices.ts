import { GiB } from '../units/bytes';
import { catalogueCeilings, matchDriverName } from './catalogue';
import { accelerators } from './catalogue.generated';
import type { CatalogueEntry } from './catalogueEntry';
import { noCeilings } from './device';
import type { Device } from './device';
import type { HostMemoryFacts } from './nvidiaDevices';
import { isAmdApu } from './parsers/amdSysfs';
import type { AmdFacts } from './parsers/amdSysfs';
import { visibleDevices } from './parsers/visibleDevices';

/** One AMD device as sysfs shows it. */
export interface AmdListing extends AmdFacts {
  /** PCI address. */
  readonly address: string;
  readonly name: string | null;
  readonly deviceId: number;
  readonly computeUnits: number | null;
}

/** Fewer compute units than this only drive a display (Raphael has 2). */
const fewestComputeUnits = 8;

/**
 * The AMD devices of a machine. A part of the processor computes in its carve-out and in the part of the host's memory that
 * the driver maps for it (GTT); a discrete card has its own memory alone, whatever its GTT.
 * @param visibility the first that is set of ROCR_VISIBLE_DEVICES, HIP_VISIBLE_DEVICES, GPU_DEVICE_ORDINAL, CUDA_VISIBLE_DEVICES
 */
export function amdDevices(
  listings: readonly AmdListing[],
  host: HostMemoryFacts | null,
  visibility: string | undefined,
): Device[] {
  const anyDiscrete = listings.some((listing) => !isAmdApu(listing));
  const devices = listings.map((listing, index) => amdDevice(listing, index, host, anyDiscrete));
  const visible = visibleDevices(visibility, devices);
  return visible === null
    ? devices
    : devices.map((device) => ({ ...device, visible: visible.has(device.id) }));
}

function amdDevice(
  listing: AmdListing,
  index: number,
  host: HostMemoryFacts | null,
  besideDiscrete: boolean,
): Device {
  const { memory } = listing;
  const apu = isAmdApu(listing);
  const large = listing.computeUnits === null || listing.computeUnits >= fewestComputeUnits;
  const kind = !apu ? 'discrete' : large && !besideDiscrete ? 'unified' : 'integrated';
  const totalBytes = memory.vramTotal === null ? null : memory.vramTotal + (apu ? (memory.gttTotal ?? 0) : 0);
  const entry = matchAmd(listing, apu, totalBytes);
  return {
    id: listing.address,
    index,
    vendor: 'amd',
    name: listing.name ?? entry?.name ?? `AMD device ${listing.deviceId.toString(16).padStart(4, '0')}`,
    catalogueId: entry?.id ?? null,
    kind,
    totalBytes,
    usableBytes: totalBytes,
    freeBytes: freeBytes(listing, apu, host),
    computeCapability: listing.gfx ?? entry?.gfx ?? null,
    driver: 'amdgpu',
    visible: true,
    processes: [],
    ceilings: entry === null ? noCeilings : catalogueCeilings(entry),
    origin: totalBytes === null ? 'assumed' : 'reported',
    source: 'sysfs',
  };
}

function freeBytes({ memory }: AmdListing, apu: boolean, host: HostMemoryFacts | null): number | null {
  const { vramTotal, vramUsed, gttTotal, gttUsed } = memory;
  if (vramTotal === null || vramUsed === null) return null;
  const own = Math.max(0, vramTotal - vramUsed);
  if (!apu) return own;
  const mapped = Math.max(0, (gttTotal ?? 0) - (gttUsed ?? 0));
  return own + Math.min(mapped, host?.availableBytes ?? mapped);
}

/** By name; else the one product with this graphics version and this much memory. */
function matchAmd(listing: AmdListing, apu: boolean, totalBytes: number | null): CatalogueEntry | null {
  const facts = { vendor: 'amd', totalBytes: apu ? null : totalBytes } as const;
  const named = listing.name === null ? null : matchDriverName(listing.name, facts);
  if (named !== null || listing.gfx === null) return named;
  const sized = accelerators.filter(
    (entry) =>
      entry.vendor === 'amd' &&
      entry.gfx === listing.gfx &&
      (apu ? entry.memory === 'unified' : entry.memory !== 'unified' && hasSize(entry, totalBytes)),
  );
  return sized.length === 1 ? (sized[0] ?? null) : null;
}

function hasSize(entry: CatalogueEntry, totalBytes: number | null): boolean {
  return (
    totalBytes !== null &&
    entry.optionsGiB.some((size) => {
      const relative = (totalBytes * entry.devicesPerCard) / (size * GiB);
      return relative > 0.9 && relative < 1.05;
    })
  );
}
