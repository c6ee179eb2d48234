import { GiB, KiB, MiB } from '../units/bytes';
import type { Origin } from '../units/origin';
import type { CatalogueEntry } from './catalogueEntry';

/** Memory of one device of a catalogue variant, bytes. */
export interface CatalogueMemory {
  readonly totalBytes: number;
  readonly usableBytes: number;
  readonly usableOrigin: Origin;
}

/** What a driver keeps of a card that nobody has seen the report of. */
const assumedReserve = GiB / 2;

/** MemTotal of a GB10 with 128 GB, as `/proc/meminfo` reported it: the part of a unified memory that Linux leaves. */
const unifiedShareLinux = (127_600_748 * KiB) / (128 * GiB);

/**
 * Memory of a variant that nobody has detected.
 *
 * - Own memory: the smallest total that a driver was seen to report for that size (newer drivers count in what they reserve),
 *   else the rated size less half a GiB, `assumed`.
 * - Unified NVIDIA parts: what Linux leaves of the rated size. GB10 with 128 GB reported MemTotal 127600748 kB; the others are
 *   assumed to lose the same share. N1X on Windows lets CUDA have 46477 MiB of a 64 GB machine.
 * - Apple: Metal's recommended working set, 0.67 of the memory up to 36 GiB and 0.75 above. Measured: 0.74 (M3, 16 GB) and
 *   0.84 (M5 Max, 128 GB), so these shares are the cautious end.
 * - AMD's APUs: three quarters, the largest share that their firmware gives away (96 of 128 GB); the operating system can be
 *   set to give more.
 *
 * @param sizeGiB the variant's size; null when the catalogue has none (then so is the answer)
 */
export function catalogueMemory(entry: CatalogueEntry, sizeGiB: number | null): CatalogueMemory | null {
  if (sizeGiB === null) return null;
  const rated = (sizeGiB * GiB) / entry.devicesPerCard;
  if (entry.memory === 'unified') {
    return {
      totalBytes: rated,
      usableBytes: Math.floor(rated * unifiedShare(entry, sizeGiB)),
      usableOrigin: entry.id === 'gb10' && sizeGiB === 128 ? 'catalogue' : 'assumed',
    };
  }
  const seen = entry.seenTotals
    .map(({ mib }) => mib * MiB)
    .filter((bytes) => bytes > 0.85 * rated && bytes < 1.05 * rated);
  if (seen.length > 0) {
    const smallest = Math.min(...seen);
    return { totalBytes: smallest, usableBytes: smallest, usableOrigin: 'catalogue' };
  }
  return { totalBytes: rated, usableBytes: rated - assumedReserve, usableOrigin: 'assumed' };
}

function unifiedShare(entry: CatalogueEntry, sizeGiB: number): number {
  if (entry.vendor === 'apple') return appleShare(sizeGiB * GiB);
  if (entry.segment === 'apu') return 0.75;
  if (entry.id === 'n1x') return (46_477 * MiB) / (64 * GiB);
  return unifiedShareLinux;
}

/** The share of an Apple machine's memory that Metal recommends to use at most, where `iogpu.wired_limit_mb` is not set. */
export function appleShare(memoryBytes: number): number {
  return memoryBytes <= 36 * GiB ? 0.67 : 0.75;
}
