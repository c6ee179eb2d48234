import type { Vendor } from '../device';

/** One function on the PCI bus as sysfs shows it: the texts of its `vendor`, `device` and `class` files. */
export interface PciFiles {
  /** `0000:01:00.0` */
  readonly address: string;
  readonly vendor: string;
  readonly device: string;
  readonly class: string;
}

export interface PciGpu {
  readonly address: string;
  readonly vendor: Vendor;
  readonly vendorId: number;
  readonly deviceId: number;
}

const vendors = new Map<number, Vendor>([
  [0x10de, 'nvidia'],
  [0x1002, 'amd'],
  [0x8086, 'intel'],
  [0x1da3, 'intel'], // Habana Labs: Gaudi
  [0x1ae0, 'google'],
]);

/**
 * The GPUs and accelerators of a PCI listing: display controllers (class 03) and processing accelerators (class 12, MI300X and
 * Gaudi), of vendors whose devices can compute. The adapters of virtual machines and servers' consoles are none.
 */
export function gpusOnPci(listing: readonly PciFiles[]): PciGpu[] {
  return listing.flatMap((files): PciGpu[] => {
    const vendorId = hexadecimal(files.vendor);
    const deviceId = hexadecimal(files.device);
    const classCode = hexadecimal(files.class);
    if (vendorId === null || deviceId === null || classCode === null) return [];
    const vendor = vendors.get(vendorId);
    const baseClass = classCode >> 16;
    if (vendor === undefined || (baseClass !== 0x03 && baseClass !== 0x12)) return [];
    return [{ address: files.address, vendor, vendorId, deviceId }];
  });
}

/** A sysfs number, `0x10de`, with its line end; null when it is none. */
export function hexadecimal(text: string): number | null {
  const match = /^(?:0x)?([0-9a-f]{1,8})$/iu.exec(text.trim());
  return match === null ? null : Number.parseInt(match[1] ?? '', 16);
}

/** The same address in the spelling of sysfs: nvidia-smi prints eight digits of domain, in capitals. */
export function pciAddress(busId: string): string | null {
  const match = /^([0-9a-f]{1,8}):([0-9a-f]{1,2}):([0-9a-f]{1,2})\.(\d)$/iu.exec(busId.trim());
  if (match === null) return null;
  const [, domain = '', bus = '', device = '', unit = '0'] = match;
  const short = domain.replace(/^0+/u, '').padStart(4, '0');
  return `${short}:${bus.padStart(2, '0')}:${device.padStart(2, '0')}.${unit}`.toLowerCase();
}
