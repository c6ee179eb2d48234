/** One level of the cgroup hierarchy, bytes; null = no limit or not readable. */
export interface CgroupLevel {
  readonly limit: number | null;
  readonly current: number | null;
  readonly inactiveFile: number;
  readonly activeFile: number;
}

export interface HostBudget {
  /** The smallest limit on the way to the root; null = none below the host's memory. */
  readonly limitBytes: number | null;
  readonly availableBytes: number;
}

/**
 * What a process may still take of the host's memory: at every level limit − current + page cache, and never more than the
 * host has available. Page cache counts as available whether hot or not: weights that are mapped from a file are active
 * page cache, and give way like the rest.
 */
export function hostBudget(
  totalBytes: number,
  availableBytes: number,
  levels: readonly CgroupLevel[],
): HostBudget {
  let limitBytes: number | null = null;
  let available = availableBytes;
  for (const level of levels) {
    if (level.limit === null || level.limit >= totalBytes) continue;
    limitBytes = Math.min(limitBytes ?? Infinity, level.limit);
    const used = Math.max(0, (level.current ?? 0) - level.inactiveFile - level.activeFile);
    available = Math.min(available, Math.max(0, level.limit - used));
  }
  return { limitBytes, availableBytes: Math.max(0, Math.min(available, totalBytes)) };
}

/**
 * What a job can have of a device on its own: total less what the driver reserves.
 * Drivers before 510 do not tell the reserve, and do not count it into the total either.
 */
export function deviceUsable(totalBytes: number | null, reservedBytes: number | null): number | null {
  if (totalBytes === null) return null;
  return Math.max(0, totalBytes - (reservedBytes ?? 0));
}

/** One memory module as the firmware describes it. */
export interface MemoryModule {
  readonly type: string;
  /** Where it is plugged in: `DIMM_A1`, `ChannelB-DIMM0`, `P0 CHANNEL A`; empty where unknown. */
  readonly locator: string;
  /** Configured speed, 10^6 transfers/s; null where unknown. */
  readonly megatransfers: number | null;
}

/**
 * Rated bandwidth of the host's memory, bytes/s: channels × transfers/s × 8 bytes. null where the modules do not say enough:
 * a speed is missing, more than two modules do not name their channels, or they are soldered LPDDR of unknown width.
 */
export function moduleBandwidth(modules: readonly MemoryModule[]): number | null {
  const speeds = modules.map(({ megatransfers }) => megatransfers ?? 0);
  if (modules.length === 0 || speeds.some((speed) => !(speed >= 100 && speed < 20_000))) return null;
  if (modules.some(({ type }) => /LPDDR/iu.test(type))) return null;
  const channels = new Set(modules.map(({ locator }) => channelOf(locator)));
  const named = !channels.has(null);
  if (!named && modules.length > 2) return null;
  return (named ? channels.size : modules.length) * Math.min(...speeds) * 1e6 * 8;
}

/** `DIMM_A1` and `ChannelA-DIMM0` are on channel A, of processor 0 unless another is named. */
function channelOf(locator: string): string | null {
  const processor = /\b(?:P|CPU|NODE)[ _]?(\d)/iu.exec(locator)?.[1] ?? '0';
  const channel =
    /CHANNEL[ _-]?([A-P\d])/iu.exec(locator)?.[1] ?? /DIMM[ _-]?([A-P])[ _-]?\d?\b/iu.exec(locator)?.[1];
  return channel === undefined ? null : `${processor}/${channel.toUpperCase()}`;
}

/** Bytes/s of one lane in one direction, by PCI Express generation: transfers/s × 128/130 (generations 1 and 2: 8/10) / 8. */
const laneBytesPerSecond = [0, 0.25e9, 0.5e9, 0.985e9, 1.969e9, 3.938e9, 7.563e9];

/** A PCI Express link's bytes/s in one direction; null for a generation that is not known. */
export function pcieBandwidth(generation: number | null, width: number | null): number | null {
  const lane = laneBytesPerSecond[generation ?? 0] ?? 0;
  return lane > 0 && width !== null && width > 0 && width <= 32 ? lane * width : null;
}
