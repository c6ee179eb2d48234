import { catalogueCeilings, matchDriverName } from './catalogue';
import { appleShare, catalogueMemory } from './catalogueMemory';
import { noCeilings } from './device';
import type { Device, Vendor } from './device';
import type { HostMemoryFacts } from './nvidiaDevices';
import type { AppleDisplay } from './parsers/systemProfiler';

/** A device that only a listing of the bus or of the desktop names. */
export interface ListedDevice {
  readonly id: string;
  readonly vendor: Vendor;
  readonly name: string;
  /** Own memory where a driver's file tells it exactly, bytes. */
  readonly memoryBytes: number | null;
  /** A part of the processor, which computes in host memory. */
  readonly integrated: boolean;
  readonly source: string;
}

/**
 * A device of which no tool of its vendor was asked. What its driver's file says is `reported`; else its memory is the
 * catalogue's where the name means one product, and unknown otherwise.
 */
export function listedDevice(listed: ListedDevice, index: number): Device {
  const entry = matchDriverName(listed.name, { vendor: listed.vendor, totalBytes: listed.memoryBytes });
  const size = entry?.optionsGiB.length === 1 ? entry.ratedGiB : null;
  const known = listed.memoryBytes === null && !listed.integrated && entry !== null;
  const memory = known ? catalogueMemory(entry, size) : null;
  return {
    id: listed.id,
    index,
    vendor: listed.vendor,
    name: listed.name,
    catalogueId: entry?.id ?? null,
    kind: listed.integrated ? 'integrated' : 'discrete',
    totalBytes: listed.memoryBytes ?? memory?.totalBytes ?? null,
    usableBytes: listed.memoryBytes ?? memory?.usableBytes ?? null,
    freeBytes: null,
    computeCapability: entry?.computeCapability ?? entry?.gfx ?? null,
    driver: null,
    visible: true,
    processes: [],
    ceilings: entry === null ? noCeilings : catalogueCeilings(entry),
    origin: listed.memoryBytes !== null ? 'reported' : (memory?.usableOrigin ?? 'assumed'),
    source: listed.source,
  };
}

/**
 * A Mac's GPU. On Apple's own parts it uses the host's memory up to what `iogpu.wired_limit_mb` allows; where that is not set,
 * up to Metal's recommended share, assumed at its cautious end.
 * @param wiredLimitBytes null or 0 = not set
 */
export function appleDevice(
  display: AppleDisplay,
  index: number,
  host: HostMemoryFacts | null,
  wiredLimitBytes: number | null,
): Device {
  const own = /^Apple M\d/u.test(display.model);
  if (!own)
    return listedDevice(
      {
        id: `display-${index}`,
        vendor: /AMD|Radeon/iu.test(display.model)
          ? 'amd'
          : /Intel/iu.test(display.model)
            ? 'intel'
            : 'other',
        name: display.model,
        memoryBytes: display.vramBytes,
        integrated: display.vramBytes === null,
        source: 'system_profiler',
      },
      index,
    );
  const totalBytes = host?.totalBytes ?? null;
  const limited = wiredLimitBytes !== null && wiredLimitBytes > 0;
  const entry = matchDriverName(display.model, {
    vendor: 'apple',
    totalBytes,
    gpuCores: display.gpuCores,
  });
  const share = limited ? wiredLimitBytes : Math.floor((totalBytes ?? 0) * appleShare(totalBytes ?? 0));
  const usableBytes = totalBytes === null ? null : Math.min(totalBytes, share);
  return {
    id: `apple-${index}`,
    index,
    vendor: 'apple',
    name: display.model,
    catalogueId: entry?.id ?? null,
    kind: 'unified',
    totalBytes,
    usableBytes,
    freeBytes: usableBytes === null || host === null ? null : Math.min(usableBytes, host.availableBytes),
    computeCapability: null,
    driver: null,
    visible: true,
    processes: [],
    ceilings: entry === null ? noCeilings : catalogueCeilings(entry),
    origin: limited ? 'reported' : 'assumed',
    source: 'system_profiler',
  };
}
