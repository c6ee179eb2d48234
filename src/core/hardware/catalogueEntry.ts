import type { FlopType, Vendor } from './device';

/** A total that a driver was seen to report for a device, with the circumstances. */
export interface SeenTotal {
  readonly mib: number;
  readonly note: string;
}

/** Published figures of one accelerator. null = not known well enough to print. */
export interface CatalogueEntry {
  readonly id: string;
  readonly vendor: Vendor;
  readonly name: string;
  /** Other names that people and drivers use for it. */
  readonly aliases: readonly string[];
  /** Regular expression for the name that the vendor's tool prints. */
  readonly driverName: string | null;
  readonly segment: string;
  readonly architecture: string;
  readonly computeCapability: string | null;
  readonly gfx: string | null;
  /** Memory on the box, GiB; for a system on a chip its largest option. */
  readonly ratedGiB: number | null;
  /** Every memory size that is sold under this name, ascending. */
  readonly optionsGiB: readonly number[];
  /** GPU cores, where bins of one chip differ by them (Apple). */
  readonly gpuCores: number | null;
  /** A card that shows itself as several devices: the figures are the card's. */
  readonly devicesPerCard: number;
  readonly seenTotals: readonly SeenTotal[];
  readonly memoryType: string;
  readonly busBits: number | null;
  /** 10^9 bytes/s. */
  readonly bandwidthGBps: number | null;
  /** 10^12 operations/s, dense, with fp32 accumulation where the vendor gives both. */
  readonly tflops: Readonly<Partial<Record<FlopType, number>>>;
  readonly tdpWatts: number | null;
  readonly year: number | null;
  /** `coherent`: own memory plus the host's over a coherent link. */
  readonly memory: 'dedicated' | 'unified' | 'coherent';
  /** Where the figures come from, and which of them were not read again at the vendor. */
  readonly source: string;
  readonly notes: string;
}
