import { arch, cpus, freemem, platform, release, totalmem } from 'node:os';
import { found, missing } from '../probe';
import type { HardwareProbe } from '../probe';

/** What Node itself knows. */
export interface SystemFacts {
  readonly platform: string;
  readonly arch: string;
  readonly release: string;
  readonly cpuModel: string;
  readonly logicalCpus: number;
  readonly totalBytes: number;
  readonly freeBytes: number;
}

/** The operating system as Node tells it: the base that everything else improves on. */
export const systemProbe: HardwareProbe<SystemFacts> = {
  name: 'system',
  async read(port) {
    const facts = await port.facts(['node', 'os'], () =>
      Promise.resolve<SystemFacts>({
        platform: platform(),
        arch: arch(),
        release: release(),
        cpuModel: cpus()[0]?.model.trim() ?? '',
        logicalCpus: cpus().length,
        totalBytes: totalmem(),
        freeBytes: freemem(),
      }),
    );
    if (!isSystemFacts(facts)) return missing('not in the recording', 'skipped');
    return found(facts, `${facts.platform} ${facts.arch} ${facts.release}`);
  },
};

function isSystemFacts(value: unknown): value is SystemFacts {
  if (typeof value !== 'object' || value === null) return false;
  const facts = value as Record<string, unknown>;
  return (
    ['platform', 'arch', 'release', 'cpuModel'].every((key) => typeof facts[key] === 'string') &&
    ['logicalCpus', 'totalBytes', 'freeBytes'].every((key) => Number.isFinite(facts[key]))
  );
}
