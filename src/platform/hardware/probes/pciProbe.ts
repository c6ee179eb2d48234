import { gpusOnPci, hexadecimal } from '../../../core/hardware/parsers/pciDevices';
import type { PciFiles, PciGpu } from '../../../core/hardware/parsers/pciDevices';
import { pciDeviceName, reducePciNames } from '../../../core/hardware/parsers/pciNames';
import { found, missing } from '../probe';
import type { HardwareProbe } from '../probe';
import type { ProbePort } from '../probePort';

/** A GPU on the bus, with the name that the system's list of ids has for it. */
export interface NamedPciGpu extends PciGpu {
  readonly name: string | null;
}

const folder = '/sys/bus/pci/devices';
const idFiles = ['/usr/share/misc/pci.ids', '/usr/share/hwdata/pci.ids'];

/** GPUs and accelerators on the PCI bus: seen also where no driver is loaded or a container may not open them. */
export const pciProbe: HardwareProbe<readonly NamedPciGpu[]> = {
  name: 'pci',
  async read(port) {
    const addresses = await port.list(folder);
    if (addresses.length === 0) return missing(`nothing in ${folder}`);
    const listing: PciFiles[] = [];
    for (const address of addresses) {
      const at = `${folder}/${address}`;
      const classText = (await port.text(`${at}/class`)) ?? '';
      const base = (hexadecimal(classText) ?? 0) >> 16;
      if (base !== 0x03 && base !== 0x12) continue;
      listing.push({
        address,
        class: classText,
        vendor: (await port.text(`${at}/vendor`)) ?? '',
        device: (await port.text(`${at}/device`)) ?? '',
      });
    }
    const gpus = gpusOnPci(listing);
    if (gpus.length === 0) return found([], `${addresses.length} devices, no GPU`);
    const names = await pciNames(port, gpus);
    return found(
      gpus.map((gpu) => ({ ...gpu, name: pciDeviceName(names, gpu.vendorId, gpu.deviceId) })),
      `${gpus.length} of ${addresses.length} devices can compute`,
    );
  },
};

async function pciNames(port: ProbePort, gpus: readonly PciGpu[]): Promise<string> {
  for (const path of idFiles) {
    const text = await port.text(path, (whole) => reducePciNames(whole, gpus));
    if (text !== null) return text;
  }
  return '';
}
