import { GiB } from '../units/bytes';
import { catalogueEntry } from './catalogue';
import { shortName, stripName, withCount } from './catalogueNames';
import type { Ceilings, Device, HardwareReport, Machine } from './device';
import type { Pool, Target, TargetChoice } from './target';

/** Below this a GPU drives a display and holds no model. */
const smallestUsefulDevice = GiB;

/** One kind of local device: a pool and its short name. */
interface Labelled {
  readonly pool: Pool;
  readonly label: string;
}

/**
 * The machine as a target: its GPUs where one can hold a model, else its CPU.
 *
 * Devices that an environment variable hides from this process, software adapters, and GPUs that only share the host's memory
 * beside or without a real one do not count. Of several vendors' devices those with the most memory together are taken, for
 * no engine spans two vendors. Of MIG instances the largest is taken, for a process can use one.
 */
export function localTarget(machine: Machine, choice: TargetChoice): Target {
  const devices = usableDevices(machine);
  if (devices.length === 0) return cpuTarget(machine, choice);
  const groups = groupAlike(devices);
  const unified = groups.some(({ pool }) => pool.kind === 'unified');
  return {
    name: groups.map(({ pool }) => withCount(pool.count, pool.name)).join(' + '),
    label: groups.map(({ pool, label }) => withCount(pool.count, label)).join(' + '),
    choice,
    alternatives: [],
    pools: [...groups.map(({ pool }) => pool), ...(unified ? [] : [cpuPool(machine)])],
    cpuOnly: false,
  };
}

/** The machine's CPU and memory as a target. */
export function cpuTarget(machine: Machine, choice: TargetChoice): Target {
  const pool = cpuPool(machine);
  return { name: pool.name, label: 'CPU', choice, alternatives: [], pools: [pool], cpuOnly: true };
}

/** The target that a hardware document describes. */
export function targetFromReport(report: HardwareReport, choice: TargetChoice): Target {
  return localTarget(report.machine, choice);
}

/** Whether the machine has a GPU that can hold a model: a local GPU counts as chosen, a CPU does not. */
export function hasUsableGpu(machine: Machine): boolean {
  return usableDevices(machine).length > 0;
}

/** The host's memory: what a job can have is what is available now, within the container's limit. */
export function cpuPool(machine: Machine): Pool {
  const { memory, cpu } = machine;
  const totalBytes = Math.min(memory.totalBytes, memory.limitBytes ?? Infinity);
  const usableBytes = Math.min(memory.availableBytes, totalBytes);
  const ceilings: Ceilings =
    cpu.ceilings.bytesPerSecond === null && memory.ratedBytesPerSecond !== null
      ? { ...cpu.ceilings, bytesPerSecond: { value: memory.ratedBytesPerSecond, origin: 'formula' } }
      : cpu.ceilings;
  return {
    kind: 'host',
    name: cpu.model,
    count: 1,
    totalBytes,
    usableBytes,
    usableOrigin: memory.origin,
    freeBytes: usableBytes,
    ceilings,
    vendor: null,
    deviceKind: null,
    computeCapability: null,
    catalogueId: null,
  };
}

function usableDevices(machine: Machine): Device[] {
  const candidates = machine.devices.filter(
    (device) =>
      device.visible &&
      device.kind !== 'software' &&
      device.kind !== 'integrated' &&
      (device.usableBytes ?? 0) >= smallestUsefulDevice,
  );
  const byVendor = new Map<string, number>();
  for (const device of candidates)
    byVendor.set(device.vendor, (byVendor.get(device.vendor) ?? 0) + (device.usableBytes ?? 0));
  const [best] = [...byVendor].sort(([, a], [, b]) => b - a);
  const chosen = candidates.filter((device) => device.vendor === best?.[0]);
  const whole = chosen.filter((device) => device.kind !== 'mig');
  if (whole.length > 0) return whole;
  const [largest] = chosen.sort((a, b) => (b.usableBytes ?? 0) - (a.usableBytes ?? 0));
  return largest === undefined ? [] : [largest];
}

/** Devices of one product in one pool; it has what its fullest member has. */
function groupAlike(devices: readonly Device[]): Labelled[] {
  const groups = new Map<string, Device[]>();
  for (const device of devices) {
    const key = `${device.kind} ${device.name} ${device.catalogueId ?? ''}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [device]);
    else group.push(device);
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const usableBytes = Math.min(...group.map((device) => device.usableBytes ?? 0));
    const free = group.map((device) => device.freeBytes);
    const pool: Pool = {
      kind: first.kind === 'unified' ? 'unified' : 'device',
      name: first.name,
      count: group.length,
      totalBytes: Math.min(...group.map((device) => device.totalBytes ?? device.usableBytes ?? 0)),
      usableBytes,
      usableOrigin: first.origin,
      freeBytes: free.includes(null) ? null : Math.min(...free.map((bytes) => bytes ?? 0)),
      ceilings: first.ceilings,
      vendor: first.vendor,
      deviceKind: first.kind,
      computeCapability: first.computeCapability,
      catalogueId: first.catalogueId,
    };
    return [{ pool, label: labelOf(first) }];
  });
}

function labelOf(device: Device): string {
  const entry = device.catalogueId === null ? null : catalogueEntry(device.catalogueId);
  if (entry === null || device.kind === 'mig') return stripName(device.name) || device.name;
  // A Mac reports the whole of its memory, other unified parts what their operating system leaves of it.
  if (entry.vendor === 'apple' && device.totalBytes !== null)
    return shortName(entry, Math.round(device.totalBytes / GiB));
  return shortName(entry, nearestOption(entry.optionsGiB, device.totalBytes));
}

/** The size on the box that a reported total belongs to. */
function nearestOption(options: readonly number[], totalBytes: number | null): number | null {
  if (totalBytes === null) return null;
  const byDistance = [...options].sort(
    (a, b) => Math.abs(a * GiB - totalBytes) - Math.abs(b * GiB - totalBytes),
  );
  return byDistance[0] ?? null;
}
