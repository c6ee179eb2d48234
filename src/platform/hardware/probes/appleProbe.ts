import { parseSystemProfiler } from '../../../core/hardware/parsers/systemProfiler';
import type { AppleDisplay } from '../../../core/hardware/parsers/systemProfiler';
import { parseSysctl, sysctlIsa } from '../../../core/hardware/parsers/sysctl';
import { MiB } from '../../../core/units/bytes';
import { found, missing } from '../probe';
import type { HardwareProbe } from '../probe';

export interface AppleFacts {
  readonly model: string | null;
  readonly physicalCores: number | null;
  readonly isa: readonly string[];
  /** The most memory that the GPU may wire, where it was set, bytes. */
  readonly wiredLimitBytes: number | null;
}

const sysctlKeys = [
  'hw.memsize',
  'hw.physicalcpu',
  'machdep.cpu.brand_string',
  'iogpu.wired_limit_mb',
  'hw.optional',
];

/** What the kernel of a Mac tells. */
export const sysctlProbe: HardwareProbe<AppleFacts> = {
  name: 'sysctl',
  async read(port) {
    const tool = await port.find('sysctl', ['/usr/sbin/sysctl']);
    if (tool === null) return missing('no sysctl');
    // A key that this version lacks makes the exit code 1; the others are printed all the same.
    const run = await port.run(tool, sysctlKeys, 5000);
    const values = parseSysctl(run.stdout);
    if (values.size === 0)
      return missing(`no values (${run.outcome})`, run.outcome === 'timeout' ? 'timeout' : 'failed');
    const limit = Number(values.get('iogpu.wired_limit_mb') ?? '0');
    const cores = Number(values.get('hw.physicalcpu') ?? '0');
    return found({
      model: values.get('machdep.cpu.brand_string') ?? null,
      physicalCores: cores > 0 ? cores : null,
      isa: sysctlIsa(values),
      wiredLimitBytes: limit > 0 ? limit * MiB : null,
    });
  },
};

/** The GPUs of a Mac. */
export const systemProfilerProbe: HardwareProbe<readonly AppleDisplay[]> = {
  name: 'system_profiler',
  async read(port) {
    const tool = await port.find('system_profiler', ['/usr/sbin/system_profiler']);
    if (tool === null) return missing('no system_profiler');
    const run = await port.run(tool, ['SPDisplaysDataType', '-json', '-detailLevel', 'mini'], 10_000);
    if (run.outcome === 'timeout') return missing('no answer within 10 s, ended', 'timeout');
    const displays = parseSystemProfiler(run.stdout);
    if (displays.length === 0) return missing('no GPU named', 'unreadable');
    return found(displays, displays.map(({ model }) => model).join(', '));
  },
};
