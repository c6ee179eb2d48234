import { GiB } from '../units/bytes';
import { accelerators } from './catalogue.generated';
import type { CatalogueEntry } from './catalogueEntry';
import type { Ceiling, Ceilings, FlopType, Vendor } from './device';

const byId = new Map(accelerators.map((entry) => [entry.id, entry]));

/** The entry with this id, e.g. `rtx4090`; null when there is none. */
export function catalogueEntry(id: string): CatalogueEntry | null {
  return byId.get(id) ?? null;
}

/** What else a driver told about a device, to tell products apart that share a name. */
export interface DriverFacts {
  readonly vendor?: Vendor | null;
  /** Total memory of the device, bytes; for unified parts the host's. */
  readonly totalBytes?: number | null;
  readonly gpuCores?: number | null;
}

/**
 * The entry of a device by the name that its driver or tool prints. Several products may share a name (RTX 3080 with 10 and
 * 12 GB, every Jetson Orin): memory decides, and GPU cores for Apple's bins. A product whose memory does not belong to any
 * size that the catalogue knows (an RTX 3060 with 8 GB) is another product with another bus: null.
 */
export function matchDriverName(name: string, facts: DriverFacts = {}): CatalogueEntry | null {
  const hits = accelerators.filter(
    (entry) =>
      entry.driverName !== null &&
      (facts.vendor === undefined || facts.vendor === null || entry.vendor === facts.vendor) &&
      new RegExp(entry.driverName, 'iu').test(name.trim()),
  );
  const byCores = hits.filter((entry) => entry.gpuCores !== null && entry.gpuCores === facts.gpuCores);
  const candidates = byCores.length > 0 ? byCores : hits;
  const totalBytes = facts.totalBytes ?? null;
  if (totalBytes === null) return candidates.length === 1 ? (candidates[0] ?? null) : null;

  let best: CatalogueEntry | null = null;
  let bestDistance = Infinity;
  for (const entry of candidates) {
    const distance = memoryDistance(entry, totalBytes);
    if (distance < bestDistance) [best, bestDistance] = [entry, distance];
  }
  return best;
}

/**
 * How far a reported total is from the nearest size that is sold, relative to that size; Infinity when it cannot be the product.
 * Drivers report up to an eighth less than the box says (inline ECC takes 1/16 of GDDR6, 1/8 on some Arc Pro cards), an
 * operating system up to a seventh of unified memory.
 */
function memoryDistance(entry: CatalogueEntry, totalBytes: number): number {
  if (entry.optionsGiB.length === 0) return 1;
  let nearest = Infinity;
  for (const option of entry.optionsGiB) {
    const relative = (totalBytes * entry.devicesPerCard) / (option * GiB);
    if (relative > 0.85 && relative < 1.05) nearest = Math.min(nearest, Math.abs(1 - relative));
  }
  // A unified part's share for the GPU depends on the system's settings, and so tells nothing against the product.
  return nearest === Infinity && entry.memory === 'unified' ? 2 : nearest;
}

/**
 * Ceilings of one device of an entry, all of origin `catalogue`: published bandwidth, and dense operation rates.
 * @param computeShare the part of the compute units that the device has (a MIG slice with 3 of 7: 3/7)
 * @param memoryShare the part of the memory bandwidth that it has
 */
export function catalogueCeilings(entry: CatalogueEntry, computeShare = 1, memoryShare = 1): Ceilings {
  const compute = computeShare / entry.devicesPerCard;
  const flops: Partial<Record<FlopType, Ceiling>> = {};
  for (const [type, tera] of Object.entries(entry.tflops))
    flops[type as FlopType] = { value: tera * 1e12 * compute, origin: 'catalogue' };
  return {
    bytesPerSecond:
      entry.bandwidthGBps === null
        ? null
        : { value: (entry.bandwidthGBps * 1e9 * memoryShare) / entry.devicesPerCard, origin: 'catalogue' },
    flops,
    launchSeconds: null,
    linkBytesPerSecond: null,
  };
}
