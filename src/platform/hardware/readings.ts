import type { AmdListing } from '../../core/hardware/amdDevices';
import type { MemInfo } from '../../core/hardware/parsers/procMeminfo';
import type { AppleDisplay } from '../../core/hardware/parsers/systemProfiler';
import type { ProbeRunner } from './probe';
import { amdProbe } from './probes/amdProbe';
import { sysctlProbe, systemProfilerProbe } from './probes/appleProbe';
import type { AppleFacts } from './probes/appleProbe';
import { cgroupProbe } from './probes/cgroupProbe';
import type { CgroupLimits } from './probes/cgroupProbe';
import { cpuProbe } from './probes/cpuProbe';
import type { LinuxCpu } from './probes/cpuProbe';
import { environmentProbe } from './probes/environmentProbe';
import type { Surroundings } from './probes/environmentProbe';
import { intelProbe } from './probes/intelProbe';
import type { IntelGpu } from './probes/intelProbe';
import { memoryProbe } from './probes/memoryProbe';
import { nvidiaKernelProbe } from './probes/nvidiaKernelProbe';
import type { NvidiaKernel } from './probes/nvidiaKernelProbe';
import { nvidiaSmiProbe } from './probes/nvidiaSmiProbe';
import type { NvidiaSmiAnswer } from './probes/nvidiaSmiProbe';
import { pciProbe } from './probes/pciProbe';
import type { NamedPciGpu } from './probes/pciProbe';
import { slurmProbe } from './probes/slurmProbe';
import type { SlurmTraces } from './probes/slurmProbe';
import {
  desktopGraphicsProbe,
  libraryCpuProbe,
  libraryMemoryProbe,
  memoryModulesProbe,
  operatingSystemProbe,
} from './probes/systemInformationProbes';
import type { DesktopDisplay, LibraryCpu, MemoryModules } from './probes/systemInformationProbes';
import { systemProbe } from './probes/systemProbe';
import type { SystemFacts } from './probes/systemProbe';
import { visibilityProbe } from './probes/visibilityProbe';
import type { VisibilityVariables } from './probes/visibilityProbe';

/** All that the probes found; null = that one found nothing, or does not belong to this system. */
export interface Readings {
  readonly system: SystemFacts;
  readonly surroundings: Surroundings | null;
  readonly memory: MemInfo | null;
  readonly cgroup: CgroupLimits | null;
  readonly cpu: LinuxCpu | null;
  readonly libraryCpu: LibraryCpu | null;
  readonly modules: MemoryModules | null;
  readonly operatingSystem: { readonly kernel: string | null } | null;
  readonly nvidiaSmi: NvidiaSmiAnswer | null;
  readonly nvidiaKernel: NvidiaKernel | null;
  readonly pci: readonly NamedPciGpu[];
  readonly amd: readonly AmdListing[];
  readonly intel: readonly IntelGpu[];
  readonly sysctl: AppleFacts | null;
  readonly apple: readonly AppleDisplay[];
  readonly desktop: readonly DesktopDisplay[];
  readonly slurm: SlurmTraces | null;
  readonly visibility: VisibilityVariables;
}

const unknownSystem: SystemFacts = {
  platform: 'linux',
  arch: 'unknown',
  release: 'unknown',
  cpuModel: '',
  logicalCpus: 1,
  totalBytes: 0,
  freeBytes: 0,
};

/** Runs the probes that belong to the system, side by side: none waits for another that it does not need. */
export async function takeReadings(runner: ProbeRunner, toolTimeoutMs: number): Promise<Readings> {
  const system = (await runner.run(systemProbe)) ?? unknownSystem;
  const { platform } = system;
  const linux = platform === 'linux';
  const mac = platform === 'darwin';
  const windows = platform === 'win32';
  const none = Promise.resolve(null);
  const pciAndIntel = async (): Promise<readonly [readonly NamedPciGpu[], readonly IntelGpu[]]> => {
    const pci = (await runner.run(pciProbe)) ?? [];
    const intel = pci.filter(({ vendor }) => vendor === 'intel');
    return [pci, intel.length === 0 ? [] : ((await runner.run(intelProbe(intel))) ?? [])];
  };
  const [
    surroundings,
    memory,
    cgroup,
    cpu,
    libraryCpu,
    modules,
    operatingSystem,
    visibility,
    nvidiaSmi,
    nvidiaKernel,
    [pci, intel],
    amd,
    sysctl,
    apple,
    desktop,
    slurm,
  ] = await Promise.all([
    linux ? runner.run(environmentProbe(platform)) : none,
    runner.run(linux ? memoryProbe : libraryMemoryProbe),
    linux ? runner.run(cgroupProbe) : none,
    linux ? runner.run(cpuProbe) : none,
    runner.run(libraryCpuProbe),
    runner.run(memoryModulesProbe),
    runner.run(operatingSystemProbe),
    runner.run(visibilityProbe),
    mac ? none : runner.run(nvidiaSmiProbe(platform, toolTimeoutMs)),
    linux ? runner.run(nvidiaKernelProbe) : none,
    linux ? pciAndIntel() : Promise.resolve([[], []] as const),
    linux ? runner.run(amdProbe) : none,
    mac ? runner.run(sysctlProbe) : none,
    mac ? runner.run(systemProfilerProbe) : none,
    windows ? runner.run(desktopGraphicsProbe) : none,
    linux ? runner.run(slurmProbe) : none,
  ]);
  return {
    system,
    surroundings,
    memory,
    cgroup,
    cpu,
    libraryCpu,
    modules,
    operatingSystem,
    nvidiaSmi,
    nvidiaKernel,
    pci,
    amd: amd ?? [],
    intel,
    sysctl,
    apple: apple ?? [],
    desktop: desktop ?? [],
    slurm,
    visibility: visibility ?? { cuda: undefined, amd: undefined, nvidiaContainer: undefined },
  };
}
