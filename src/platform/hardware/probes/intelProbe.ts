import { parseSysfsBytes } from '../../../core/hardware/parsers/amdSysfs';
import { found } from '../probe';
import type { HardwareProbe } from '../probe';
import type { NamedPciGpu } from './pciProbe';

/** An Intel GPU with its own memory where a driver's file tells it, bytes. */
export interface IntelGpu extends NamedPciGpu {
  readonly memoryBytes: number | null;
  readonly integrated: boolean;
}

/**
 * Memory of Intel GPUs: the `xe` driver has a file a tile, the out-of-tree `i915` one a card; the upstream `i915` has none.
 * The GPU inside the processor is always at 00:02.0.
 */
export function intelProbe(gpus: readonly NamedPciGpu[]): HardwareProbe<readonly IntelGpu[]> {
  return {
    name: 'intel sysfs',
    async read(port) {
      const list: IntelGpu[] = [];
      for (const gpu of gpus) {
        const device = `/sys/bus/pci/devices/${gpu.address}`;
        let bytes = 0;
        for (const name of await port.list(device)) {
          if (/^tile\d+$/u.test(name))
            bytes += parseSysfsBytes(await port.text(`${device}/${name}/physical_vram_size_bytes`)) ?? 0;
        }
        for (const card of await port.list(`${device}/drm`)) {
          if (bytes === 0 && /^card\d+$/u.test(card))
            bytes += parseSysfsBytes(await port.text(`${device}/drm/${card}/lmem_total_bytes`)) ?? 0;
        }
        list.push({
          ...gpu,
          memoryBytes: bytes > 0 ? bytes : null,
          integrated: gpu.address.endsWith(':00:02.0'),
        });
      }
      return found(list, `${list.length} Intel ${list.length === 1 ? 'GPU' : 'GPUs'}`);
    },
  };
}
