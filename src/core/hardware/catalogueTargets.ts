import { accelerators } from './catalogue.generated';
import { displayName, shortName } from './catalogueNames';
import type { Vendor } from './device';

/** One product of the catalogue in one memory size, to be offered in a list. */
export interface CatalogueTarget {
  /** In the target grammar. */
  readonly target: string;
  /** `RTX 4090` */
  readonly label: string;
  /** `24 GB, 1008 GB/s, 2022` */
  readonly detail: string;
}

/** What most people have comes first. */
const vendors: readonly Vendor[] = ['nvidia', 'amd', 'apple', 'intel', 'google', 'other'];

/** Every product and size that an estimate can be made for, by vendor and the newest first. */
export function catalogueTargets(): readonly CatalogueTarget[] {
  return [...accelerators]
    .sort((a, b) => vendors.indexOf(a.vendor) - vendors.indexOf(b.vendor) || (b.year ?? 0) - (a.year ?? 0))
    .flatMap((entry) =>
      entry.optionsGiB.map((size) => ({
        target: displayName(entry, size),
        label: shortName(entry, size),
        detail: [
          `${size} GB`,
          entry.bandwidthGBps === null ? null : `${entry.bandwidthGBps} GB/s`,
          entry.year === null ? null : String(entry.year),
        ]
          .filter((part) => part !== null)
          .join(', '),
      })),
    );
}
