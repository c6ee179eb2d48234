/** A device as a visibility variable may name it. */
export interface NamedDevice {
  /** Number in the order that the runtime counts, as far as it is known. */
  readonly index: number;
  readonly id: string;
}

/**
 * Which devices `CUDA_VISIBLE_DEVICES` leaves: a list of numbers, or of beginnings of `GPU-…` and `MIG-…` ids. Reading stops
 * at the first entry that names none, so `-1` and the empty text hide all. null = not set, nothing is hidden.
 * (CUDA numbers the fastest device first unless CUDA_DEVICE_ORDER is PCI_BUS_ID; with equal devices that is the same order.)
 */
export function visibleDevices(
  variable: string | undefined,
  devices: readonly NamedDevice[],
): ReadonlySet<string> | null {
  if (variable === undefined) return null;
  const visible = new Set<string>();
  for (const entry of variable.split(',').map((part) => part.trim())) {
    const found = /^\d{1,5}$/u.test(entry)
      ? devices.filter(({ index }) => index === Number(entry))
      : devices.filter(({ id }) => entry.length > 4 && id.startsWith(entry));
    const [device] = found;
    // An ambiguous beginning is invalid too; a repeated device makes the runtime refuse the whole list.
    if (device === undefined || found.length > 1) break;
    if (visible.has(device.id)) return new Set();
    visible.add(device.id);
  }
  return visible;
}
