import { formatBytes } from '../../../core/units/bytes';
import {
  cgroupAncestors,
  parseCfsQuota,
  parseCgroupPaths,
  parseCpuMax,
  parseMemoryCurrent,
  parseMemoryLimit,
  parseMemoryStat,
} from '../../../core/hardware/parsers/cgroup';
import type { CgroupLevel } from '../../../core/hardware/memoryBudgets';
import { found, missing } from '../probe';
import type { HardwareProbe } from '../probe';
import type { ProbePort } from '../probePort';

/** What the control groups of this process allow. */
export interface CgroupLimits {
  /** From the process's group up to the root. */
  readonly memory: readonly CgroupLevel[];
  /** CPUs' worth of time; null = no quota. */
  readonly cores: number | null;
}

const root = '/sys/fs/cgroup';

/**
 * Limits of the control groups, version 1 and 2. Where a host mixes both, a controller that version 1 lists is taken from
 * there. A container often sees its own group as the root, whatever path `/proc/self/cgroup` names: the root is read too.
 */
export const cgroupProbe: HardwareProbe<CgroupLimits> = {
  name: 'cgroup',
  async read(port) {
    const text = await port.text('/proc/self/cgroup');
    if (text === null) return missing('no /proc/self/cgroup');
    const { unified, controllers } = parseCgroupPaths(text);
    const memoryV1 = controllers.get('memory');
    const cpuV1 = controllers.get('cpu');
    const memory: CgroupLevel[] = [];
    if (memoryV1 !== undefined)
      for (const path of cgroupAncestors(memoryV1))
        memory.push(await levelV1(port, join(`${root}/memory`, path)));
    else if (unified !== null)
      for (const path of cgroupAncestors(unified)) memory.push(await levelV2(port, join(root, path)));

    const quotas: number[] = [];
    const addQuota = (cores: number | null): void => {
      if (cores !== null) quotas.push(cores);
    };
    if (cpuV1 !== undefined)
      for (const path of cgroupAncestors(cpuV1)) addQuota(await quotaV1(port, join(`${root}/cpu`, path)));
    else if (unified !== null)
      for (const path of cgroupAncestors(unified))
        addQuota(parseCpuMax((await port.text(`${join(root, path)}/cpu.max`)) ?? ''));

    const limits = memory.flatMap(({ limit }) => limit ?? []);
    const cores = quotas.length === 0 ? null : Math.min(...quotas);
    return found(
      { memory, cores },
      [
        memoryV1 === undefined ? 'version 2' : 'version 1',
        limits.length === 0 ? 'no memory limit' : `memory limit ${formatBytes(Math.min(...limits))}`,
        cores === null ? 'no CPU quota' : `quota of ${cores} CPUs`,
      ].join(', '),
    );
  },
};

function join(folder: string, path: string): string {
  return path === '/' ? folder : folder + path;
}

async function levelV2(port: ProbePort, folder: string): Promise<CgroupLevel> {
  const max = parseMemoryLimit((await port.text(`${folder}/memory.max`)) ?? '');
  const high = parseMemoryLimit((await port.text(`${folder}/memory.high`)) ?? '');
  const limit = max === null || high === null ? (max ?? high) : Math.min(max, high);
  // Without a limit the level binds nothing, and its use need not be read.
  if (limit === null) return { limit, current: null, inactiveFile: 0, activeFile: 0 };
  return {
    limit,
    current: parseMemoryCurrent((await port.text(`${folder}/memory.current`)) ?? ''),
    ...parseMemoryStat((await port.text(`${folder}/memory.stat`)) ?? ''),
  };
}

async function levelV1(port: ProbePort, folder: string): Promise<CgroupLevel> {
  const limit = parseMemoryLimit((await port.text(`${folder}/memory.limit_in_bytes`)) ?? '');
  if (limit === null) return { limit, current: null, inactiveFile: 0, activeFile: 0 };
  return {
    limit,
    current: parseMemoryCurrent((await port.text(`${folder}/memory.usage_in_bytes`)) ?? ''),
    ...parseMemoryStat((await port.text(`${folder}/memory.stat`)) ?? ''),
  };
}

async function quotaV1(port: ProbePort, folder: string): Promise<number | null> {
  return parseCfsQuota(
    (await port.text(`${folder}/cpu.cfs_quota_us`)) ?? '',
    (await port.text(`${folder}/cpu.cfs_period_us`)) ?? '',
  );
}
