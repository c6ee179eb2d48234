import { parseAllowedCpus, parseCpuList, physicalCores } from '../../../core/hardware/parsers/cpuList';
import { parseCpuinfo } from '../../../core/hardware/parsers/procCpuinfo';
import { found, missing } from '../probe';
import type { HardwareProbe } from '../probe';

export interface LinuxCpu {
  readonly model: string | null;
  readonly isa: readonly string[];
  /** CPUs that are on line. */
  readonly online: number;
  /** Those of them that this process may run on. */
  readonly allowed: number;
  /** Physical cores among the allowed; null where the kernel does not tell the topology. */
  readonly physical: number | null;
  readonly virtual: boolean;
}

const cpuFolder = '/sys/devices/system/cpu';

/** Model, extensions, affinity and topology of the CPU from the Linux kernel's files. */
export const cpuProbe: HardwareProbe<LinuxCpu> = {
  name: 'cpuinfo',
  async read(port) {
    // Every processor's block says the same but for clocks: hundreds of kilobytes on a large server.
    const text = await port.text('/proc/cpuinfo', withoutVolatile);
    if (text === null) return missing('no /proc/cpuinfo');
    const info = parseCpuinfo(text);
    const status = (await port.text('/proc/self/status', onlyAffinity)) ?? '';
    const online =
      parseCpuList((await port.text(`${cpuFolder}/online`)) ?? '') ??
      Array.from({ length: info.logicalCpus }, (_, cpu) => cpu);
    const affinity = parseAllowedCpus(status);
    const allowed = affinity === null ? online : online.filter((cpu) => affinity.includes(cpu));
    const siblings = new Map<number, string>();
    for (const cpu of allowed) {
      const folder = `${cpuFolder}/cpu${cpu}/topology`;
      const list =
        (await port.text(`${folder}/core_cpus_list`)) ?? (await port.text(`${folder}/thread_siblings_list`));
      if (list !== null) siblings.set(cpu, list);
    }
    const physical = physicalCores(siblings, allowed);
    return found(
      {
        model: info.model,
        isa: info.isa,
        online: online.length,
        allowed: allowed.length,
        physical,
        virtual: info.virtual,
      },
      `${allowed.length} of ${online.length} logical CPUs may be used`,
    );
  },
};

function withoutVolatile(text: string): string {
  return text
    .split('\n')
    .filter((line) => /^(?:processor|model name|Model|flags|Features)\b/u.test(line) || line === '')
    .join('\n');
}

function onlyAffinity(text: string): string {
  return text
    .split('\n')
    .filter((line) => line.startsWith('Cpus_allowed_list:'))
    .join('\n');
}
