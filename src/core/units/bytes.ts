/** Binary and decimal units are never mixed: memory is shown in GiB, as drivers do, and says so. */
export const KiB = 2 ** 10;
export const MiB = 2 ** 20;
export const GiB = 2 ** 30;
export const GB = 1e9;

/**
 * Bytes as a number of GiB with one decimal, three digits at most: `17.8`, `131`, `0.6`.
 * Below 0.05 GiB two decimals are kept, so that a small term does not read as nothing.
 */
export function formatGiB(bytes: number): string {
  const value = bytes / GiB;
  if (Math.abs(value) >= 99.95) return value.toFixed(0);
  if (value !== 0 && Math.abs(value) < 0.05) return value.toFixed(2);
  return value.toFixed(1);
}

/** Bytes with the binary unit that keeps the figure readable: `128 KiB`, `15.0 GiB`. */
export function formatBytes(bytes: number): string {
  if (Math.abs(bytes) >= GiB) return `${formatGiB(bytes)} GiB`;
  if (Math.abs(bytes) >= MiB) return `${trim(bytes / MiB)} MiB`;
  if (Math.abs(bytes) >= KiB) return `${trim(bytes / KiB)} KiB`;
  return `${bytes} B`;
}

function trim(value: number): string {
  return value >= 99.95 || Number.isInteger(value) ? value.toFixed(0) : value.toFixed(1);
}
