import type { MemoryModule } from '../../../core/hardware/memoryBudgets';
import { moduleBandwidth } from '../../../core/hardware/memoryBudgets';
import { found, missing } from '../probe';
import type { HardwareProbe } from '../probe';

// The library is large: it is loaded when one of these runs, and is plain data afterwards, without serial numbers.

export interface LibraryCpu {
  readonly model: string;
  readonly physicalCores: number | null;
  readonly flags: readonly string[];
}

/** Name and cores of the CPU, for the systems that have no `/proc`. */
export const libraryCpuProbe: HardwareProbe<LibraryCpu> = {
  name: 'systeminformation cpu',
  async read(port) {
    const data = await port.facts(['systeminformation', 'cpu'], async () => {
      const { cpu } = await import('systeminformation');
      const { manufacturer, brand, physicalCores, flags } = await cpu();
      return { manufacturer, brand, physicalCores, flags };
    });
    const { manufacturer, brand, physicalCores, flags } = record(data);
    const model = [manufacturer, brand].filter((part) => typeof part === 'string' && part !== '').join(' ');
    if (model === '') return missing('no name of the CPU', 'unreadable');
    return found(
      {
        model,
        physicalCores: count(physicalCores),
        flags: typeof flags === 'string' ? flags.split(/\s+/u) : [],
      },
      model,
    );
  },
};

/** Available memory, for the systems that have no `/proc`. */
export const libraryMemoryProbe: HardwareProbe<{
  readonly totalBytes: number;
  readonly availableBytes: number;
}> = {
  name: 'systeminformation mem',
  async read(port) {
    const data = await port.facts(['systeminformation', 'mem'], async () => {
      const { mem } = await import('systeminformation');
      const { total, available } = await mem();
      return { total, available };
    });
    const { total, available } = record(data);
    const totalBytes = count(total);
    const availableBytes = count(available);
    if (totalBytes === null || availableBytes === null) return missing('no memory figures', 'unreadable');
    return found({ totalBytes, availableBytes: Math.min(totalBytes, availableBytes) });
  },
};

export interface MemoryModules {
  readonly modules: readonly MemoryModule[];
  readonly ratedBytesPerSecond: number | null;
}

/** The memory modules as the firmware describes them; on Linux only for root. */
export const memoryModulesProbe: HardwareProbe<MemoryModules> = {
  name: 'systeminformation memLayout',
  async read(port) {
    const data = await port.facts(['systeminformation', 'memLayout'], async () => {
      const { memLayout } = await import('systeminformation');
      const layout = await memLayout();
      return layout.map(({ type, bank, clockSpeed, size }) => ({ type, bank, clockSpeed, size }));
    });
    const modules = (Array.isArray(data) ? data : []).flatMap((item: unknown): MemoryModule[] => {
      const { type, bank, clockSpeed, size } = record(item);
      if (count(size) === null) return [];
      return [
        {
          type: typeof type === 'string' ? type : '',
          locator: typeof bank === 'string' ? bank : '',
          megatransfers: count(clockSpeed),
        },
      ];
    });
    // Without the firmware's table the library answers with one module that holds everything and has no speed.
    if (modules.every(({ megatransfers }) => megatransfers === null))
      return missing('the firmware does not tell this user the memory modules', 'denied');
    const speeds = [...new Set(modules.map(({ type, megatransfers }) => `${type}-${megatransfers ?? '?'}`))];
    return found(
      { modules, ratedBytesPerSecond: moduleBandwidth(modules) },
      `${modules.length} modules, ${speeds.join(', ')}`,
    );
  },
};

/** Name and release of the operating system. */
export const operatingSystemProbe: HardwareProbe<{ readonly kernel: string | null }> = {
  name: 'systeminformation osInfo',
  async read(port) {
    const data = await port.facts(['systeminformation', 'osInfo'], async () => {
      const { osInfo } = await import('systeminformation');
      const { distro, release, kernel } = await osInfo();
      return { distro, release, kernel };
    });
    const { distro, release, kernel } = record(data);
    const words = [distro, release].filter((part) => typeof part === 'string' && part !== '');
    if (words.length === 0) return missing('no name of the system', 'unreadable');
    return found({ kernel: typeof kernel === 'string' && kernel !== '' ? kernel : null }, words.join(' '));
  },
};

export interface DesktopDisplay {
  readonly vendor: string;
  readonly model: string;
  readonly vramMiB: number | null;
}

/**
 * The graphics adapters as the desktop knows them. Never on Linux: the library waits there for tools in a way that stops
 * this process, and takes the size of a PCI window for memory.
 */
export const desktopGraphicsProbe: HardwareProbe<readonly DesktopDisplay[]> = {
  name: 'systeminformation graphics',
  async read(port) {
    const data = await port.facts(['systeminformation', 'graphics'], async () => {
      const { graphics } = await import('systeminformation');
      const { controllers } = await graphics();
      return controllers.map(({ vendor, model, vram }) => ({ vendor, model, vram }));
    });
    const displays = (Array.isArray(data) ? data : []).flatMap((item: unknown): DesktopDisplay[] => {
      const { vendor, model, vram } = record(item);
      if (typeof model !== 'string' || model === '') return [];
      return [{ vendor: typeof vendor === 'string' ? vendor : '', model, vramMiB: count(vram) }];
    });
    if (displays.length === 0) return missing('no graphics adapter');
    return found(displays, displays.map(({ model }) => model).join(', '));
  },
};

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

/** A positive finite number, else null. */
function count(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : null;
}
