/**
 * `nvidia-smi --query-gpu=<fields> --format=csv,noheader,nounits`.
 * One line a GPU, cells separated by comma and blank, MiB, MHz and W; names hold no comma. Windows ends lines with CRLF.
 */
export const nvidiaFields = [
  'index',
  'uuid',
  'name',
  'pci.bus_id',
  'driver_version',
  'compute_cap',
  'memory.total',
  'memory.reserved',
  'memory.used',
  'memory.free',
  'mig.mode.current',
  'ecc.mode.current',
  'addressing_mode',
  'clocks.max.sm',
  'clocks.max.memory',
  'pcie.link.gen.max',
  'pcie.link.width.max',
  'power.limit',
  'utilization.gpu',
] as const;

export type NvidiaField = (typeof nvidiaFields)[number];

/** Fields that every driver knows: the last resort when others were refused one by one. */
export const nvidiaBasicFields: readonly NvidiaField[] = [
  'index',
  'uuid',
  'name',
  'pci.bus_id',
  'driver_version',
  'memory.total',
  'memory.used',
  'memory.free',
];

/** One GPU; null = the driver did not say, or was not asked. */
export interface NvidiaGpu {
  readonly index: number;
  readonly uuid: string | null;
  readonly name: string;
  readonly busId: string | null;
  readonly driver: string | null;
  readonly computeCapability: string | null;
  readonly totalMiB: number | null;
  readonly reservedMiB: number | null;
  readonly usedMiB: number | null;
  readonly freeMiB: number | null;
  readonly mig: boolean | null;
  readonly ecc: boolean | null;
  readonly addressingMode: string | null;
  /** The highest clock of the table, which is above the boost clock: no base for operation rates. */
  readonly maxSmMHz: number | null;
  readonly maxMemoryMHz: number | null;
  readonly pcieGeneration: number | null;
  readonly pcieWidth: number | null;
  readonly powerLimitWatts: number | null;
  readonly utilisationPercent: number | null;
}

/** `[N/A]` is seen on current drivers; the other spellings come from older ones and from failing devices. */
const absent =
  /^\[?(?:n\/a|not supported|unknown error|insufficient permissions|gpu is lost|gpu requires reset|unknown)\]?$|^err!$|^$/iu;

/** A cell's text; null when the driver says that it has no value. */
export function nvidiaText(cell: string | undefined): string | null {
  const text = (cell ?? '').trim();
  return absent.test(text) ? null : text;
}

/** A cell's number, with or without a unit behind it; null when it has none. Never negative, never beyond 10^9. */
export function nvidiaNumber(cell: string | undefined): number | null {
  const text = nvidiaText(cell);
  const match = text === null ? null : /^(\d{1,9}(?:\.\d+)?)(?:\s*[a-z%]+)?$/iu.exec(text);
  return match === null ? null : Number(match[1]);
}

/** The rows of a query for `fields`, in that order. Lines of another shape (a header, a warning) are passed over. */
export function parseNvidiaQuery(text: string, fields: readonly NvidiaField[]): NvidiaGpu[] {
  const gpus: NvidiaGpu[] = [];
  for (const line of text.split(/\r?\n/u)) {
    const cells = line.split(',').map((cell) => cell.trim());
    if (cells.length !== fields.length) continue;
    const cell = (field: NvidiaField): string | undefined => cells[fields.indexOf(field)];
    const index = nvidiaNumber(cell('index'));
    const name = nvidiaText(cell('name'));
    if (index === null || !Number.isInteger(index) || name === null) continue;
    gpus.push({
      index,
      uuid: nvidiaText(cell('uuid')),
      name,
      busId: nvidiaText(cell('pci.bus_id')),
      driver: nvidiaText(cell('driver_version')),
      computeCapability: capability(cell('compute_cap')),
      totalMiB: nvidiaNumber(cell('memory.total')),
      reservedMiB: nvidiaNumber(cell('memory.reserved')),
      usedMiB: nvidiaNumber(cell('memory.used')),
      freeMiB: nvidiaNumber(cell('memory.free')),
      mig: enabled(cell('mig.mode.current')),
      ecc: enabled(cell('ecc.mode.current')),
      addressingMode: nvidiaText(cell('addressing_mode')),
      maxSmMHz: nvidiaNumber(cell('clocks.max.sm')),
      maxMemoryMHz: nvidiaNumber(cell('clocks.max.memory')),
      pcieGeneration: nvidiaNumber(cell('pcie.link.gen.max')),
      pcieWidth: nvidiaNumber(cell('pcie.link.width.max')),
      powerLimitWatts: nvidiaNumber(cell('power.limit')),
      utilisationPercent: nvidiaNumber(cell('utilization.gpu')),
    });
  }
  return gpus;
}

function capability(cell: string | undefined): string | null {
  const text = nvidiaText(cell);
  return text !== null && /^\d+\.\d+$/u.test(text) ? text : null;
}

function enabled(cell: string | undefined): boolean | null {
  const text = nvidiaText(cell);
  if (text === 'Enabled') return true;
  return text === 'Disabled' ? false : null;
}

/**
 * The field that an older driver refused. One unknown field fails the whole call: exit code 2, and on standard output
 * `Field "compute_cap" is not a valid field to query.`
 */
export function refusedNvidiaField(output: string): string | null {
  return /Field "([^"\n]{1,60})" is not a valid field to query/iu.exec(output)?.[1] ?? null;
}

/** The sentence for a known failure of the tool, by its text and exit code; null for one that is not known. */
export function nvidiaFailure(output: string, exit: number | null): string | null {
  if (/couldn't communicate with the NVIDIA driver/iu.test(output) || exit === 9)
    return 'the NVIDIA driver is not loaded';
  if (/Driver\/library version mismatch/iu.test(output))
    return 'the loaded driver and its library have different versions: a restart of the machine loads the new driver';
  if (/No devices were found/iu.test(output) || exit === 6) return 'no NVIDIA device was found';
  if (/GPU is lost/iu.test(output) || exit === 15) return 'a GPU has fallen off the bus';
  if (/Insufficient Permissions/iu.test(output) || exit === 4) return 'this user may not ask the driver';
  if (exit === 8) return 'a GPU has no power cable';
  if (exit === 12) return 'the library of the driver (NVML) is missing';
  return null;
}
