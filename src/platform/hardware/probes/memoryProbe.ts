import { formatBytes } from '../../../core/units/bytes';
import { parseMeminfo } from '../../../core/hardware/parsers/procMeminfo';
import type { MemInfo } from '../../../core/hardware/parsers/procMeminfo';
import { found, missing } from '../probe';
import type { HardwareProbe } from '../probe';

/** Total and available memory as the Linux kernel counts them. */
export const memoryProbe: HardwareProbe<MemInfo> = {
  name: 'meminfo',
  async read(port) {
    const text = await port.text('/proc/meminfo');
    if (text === null) return missing('no /proc/meminfo');
    const memory = parseMeminfo(text);
    if (memory === null) return missing('/proc/meminfo has no MemTotal', 'unreadable');
    return found(
      memory,
      `${formatBytes(memory.totalBytes)}, ${formatBytes(memory.availableBytes)} available`,
    );
  },
};
