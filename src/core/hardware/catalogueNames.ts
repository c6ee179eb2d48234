import { accelerators } from './catalogue.generated';
import type { CatalogueEntry } from './catalogueEntry';

const vendorNames = {
  nvidia: 'NVIDIA',
  amd: 'AMD',
  intel: 'Intel',
  apple: 'Apple',
  google: 'Google',
  other: '',
};

/**
 * The full name of a variant of an entry, e.g. `NVIDIA GeForce RTX 4060 Ti 8GB`: with the memory size where several are sold,
 * with the GPU's cores where bins share a name. It is itself a name that finds this variant.
 */
export function displayName(entry: CatalogueEntry, sizeGiB: number | null): string {
  const vendor = vendorNames[entry.vendor];
  const named = entry.name.startsWith(vendor) ? entry.name : `${vendor} ${entry.name}`;
  const shared = accelerators.some((other) => other !== entry && other.name === entry.name);
  const binned = shared && entry.gpuCores !== null ? `${named} ${entry.gpuCores}-Core GPU` : named;
  return withSize(binned, entry, sizeGiB);
}

/** The short name of a variant for a lens: `RTX 4090`, `H100 80GB`, `M3 Max 64GB`. */
export function shortName(entry: CatalogueEntry, sizeGiB: number | null): string {
  const stripped = stripName(entry.name);
  const bare = stripped.replace(/ \d+GB$/u, '');
  // "RTX 3060 12GB" is said "RTX 3060" while no other product is; of data centre parts people say the size.
  const sizeMatters =
    entry.segment !== 'geforce' ||
    accelerators.some((other) => other !== entry && stripName(other.name).replace(/ \d+GB$/u, '') === bare);
  return withSize(sizeMatters ? stripped : bare, entry, sizeGiB);
}

/** A driver's name without vendor, family and form factor: `NVIDIA A100-SXM4-80GB` is `A100 80GB`. */
export function stripName(name: string): string {
  return name
    .replace(/\s*\([^)]*\)/gu, '')
    .replace(/\b(?:NVIDIA|GeForce|Tesla|AMD|Radeon|Instinct|Intel|Apple|Google)\b\s*/gu, '')
    .replace(/\bData Center GPU\b\s*/u, '')
    .replace(/[ -]SXM\d?-?\s*/u, ' ')
    .replace(/ (?:Generation|HBM\d\w?|Blackwell|Workstation|Edition|GPU)\b/gu, '')
    .replace(/\s+/gu, ' ')
    .trim();
}

/** `N × name`; one device has no count. */
export function withCount(count: number, name: string): string {
  return count === 1 ? name : `${count} × ${name}`;
}

function withSize(name: string, entry: CatalogueEntry, sizeGiB: number | null): string {
  const several = entry.optionsGiB.length > 1 || entry.vendor === 'apple' || sizeGiB !== entry.ratedGiB;
  const said = several && !/\d+GB/u.test(entry.name);
  return said && sizeGiB !== null ? `${name} ${sizeGiB}GB` : name;
}
