import type { Ceiling, Ceilings, Device, FlopType, Machine } from './device';

/** Figures of one device as a benchmark measured them. Absent = not measured. */
export interface MeasuredFigures {
  readonly bytesPerSecond?: number;
  readonly launchSeconds?: number;
  readonly flops?: Readonly<Partial<Record<FlopType, number>>>;
}

/**
 * How figures were measured, which decides what they may set: `native` runs as engines on that device do (a CPU's own instructions,
 * the user's PyTorch with its matrix units); `portable` is WebGPU, which reaches memory bandwidth but not the matrix units.
 */
export type MeasurementKind = 'native' | 'portable';

export interface DeviceMeasurement {
  /** The driver's name of the GPU. */
  readonly device: string;
  readonly kind: MeasurementKind;
  readonly figures: MeasuredFigures;
}

/** What is known by measurement about one machine. */
export interface StoredCeilings {
  readonly cpu: MeasuredFigures | null;
  readonly devices: readonly DeviceMeasurement[];
  /** ISO time of the newest of them; null = nothing was measured. */
  readonly measuredAt: string | null;
}

export const nothingStored: StoredCeilings = { cpu: null, devices: [], measuredAt: null };

/**
 * The machine with measured figures in place of the catalogue's. Each ceiling keeps its own origin: a `portable` measurement sets a
 * GPU's bandwidth and launch latency and never its compute, which says nothing about engines that use matrix units;
 * what was not measured stays as it was.
 */
export function withMeasuredCeilings(machine: Machine, stored: StoredCeilings): Machine {
  return {
    ...machine,
    cpu:
      stored.cpu === null
        ? machine.cpu
        : { ...machine.cpu, ceilings: applied(machine.cpu.ceilings, stored.cpu, 'native') },
    devices: machine.devices.map((device) => {
      const ceilings = stored.devices
        .filter((measurement) => isSameDevice(measurement.device, device, machine.devices))
        // The native tier is applied last: where both measured, it is the one that engines see.
        .sort((a, b) => Number(a.kind === 'native') - Number(b.kind === 'native'))
        .reduce((before, { figures, kind }) => applied(before, figures, kind), device.ceilings);
      return ceilings === device.ceilings ? device : { ...device, ceilings };
    }),
  };
}

/**
 * Whether a name that a graphics driver gave belongs to a detected device: the same words, or one within the other
 * (`AMD Radeon RX 7900 XTX (RADV NAVI31)`), or the only GPU of a machine whose detection gave no better name than its vendor's.
 * A software device never has measured ceilings.
 */
export function isSameDevice(adapterName: string, device: Device, all: readonly Device[]): boolean {
  if (device.kind === 'software') return false;
  const [adapter, own] = [words(adapterName), words(device.name)];
  if (own.length === 0 || adapter.length === 0) return false;
  const within = (inner: readonly string[], outer: readonly string[]): boolean =>
    inner.every((word) => outer.includes(word));
  if (adapter.join(' ') === own.join(' ')) return true;
  const others = all.filter((other) => other !== device && other.kind !== 'software');
  // The better match wins: `RTX 4070` must not take the figures of the `RTX 4070 Ti` beside it.
  if (others.some((other) => words(other.name).join(' ') === adapter.join(' '))) return false;
  return within(own, adapter) || within(adapter, own);
}

/** Names as lists of words: case, punctuation and marks such as (R) and (TM) do not tell devices apart. */
function words(name: string): readonly string[] {
  return name
    .toLowerCase()
    .replace(/\((?:r|tm|c)\)|[®™]/gu, ' ')
    .split(/[^a-z0-9.+]+/u)
    .filter((word) => word !== '' && word !== 'graphics');
}

function applied(ceilings: Ceilings, figures: MeasuredFigures, kind: MeasurementKind): Ceilings {
  const flops: Partial<Record<FlopType, Ceiling>> = { ...ceilings.flops };
  if (kind === 'native')
    for (const type of Object.keys(figures.flops ?? {}) as FlopType[]) {
      const value = figures.flops?.[type];
      if (value !== undefined) flops[type] = { value, origin: 'measured' };
    }
  const measured = (value: number | undefined, before: Ceiling | null): Ceiling | null =>
    value === undefined ? before : { value, origin: 'measured' };
  return {
    ...ceilings,
    bytesPerSecond: measured(figures.bytesPerSecond, ceilings.bytesPerSecond),
    launchSeconds: measured(figures.launchSeconds, ceilings.launchSeconds),
    flops,
  };
}
