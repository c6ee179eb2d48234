import { amdDevices } from '../../core/hardware/amdDevices';
import { noCeilings } from '../../core/hardware/device';
import type { Device, Machine } from '../../core/hardware/device';
import { hostBudget } from '../../core/hardware/memoryBudgets';
import { nvidiaDevices, tracedNvidiaDevice } from '../../core/hardware/nvidiaDevices';
import type { HostMemoryFacts, NvidiaTrace } from '../../core/hardware/nvidiaDevices';
import { appleDevice, listedDevice } from '../../core/hardware/otherDevices';
import { isLoginNode } from '../../core/hardware/parsers/environment';
import { pciAddress } from '../../core/hardware/parsers/pciDevices';
import type { Readings } from './readings';

/** The machine that the readings describe. */
export function assembleMachine(readings: Readings): Machine {
  const { system, cpu, libraryCpu, sysctl } = readings;
  const raw = readings.memory ?? { totalBytes: system.totalBytes, availableBytes: system.freeBytes };
  const budget = hostBudget(raw.totalBytes, raw.availableBytes, readings.cgroup?.memory ?? []);
  const host: HostMemoryFacts | null =
    raw.totalBytes > 0
      ? {
          totalBytes: Math.min(raw.totalBytes, budget.limitBytes ?? Infinity),
          availableBytes: budget.availableBytes,
        }
      : null;
  const devices = [
    ...nvidia(readings, host, raw.totalBytes),
    ...amdDevices(readings.amd, host, readings.visibility.amd ?? readings.visibility.cuda),
    ...intel(readings),
    ...undriven(readings),
    ...readings.apple.map((display, index) =>
      appleDevice(display, index, host, sysctl?.wiredLimitBytes ?? null),
    ),
    ...desktop(readings),
  ];
  const logicalCores = cpu?.allowed ?? system.logicalCpus;
  const affinity = cpu !== null && cpu.allowed < cpu.online ? cpu.allowed : null;
  const quota = readings.cgroup?.cores ?? null;
  return {
    os: {
      platform: system.platform,
      release: readings.operatingSystem?.kernel ?? system.release,
      container: readings.surroundings?.container ?? false,
      wsl: readings.surroundings?.wsl ?? false,
      loginNode: isLoginNode(
        readings.slurm?.commands ?? [],
        { SLURM_JOB_ID: readings.slurm?.jobId },
        devices.some(
          ({ kind, visible }) => visible && (kind === 'discrete' || kind === 'mig' || kind === 'unified'),
        ),
      ),
    },
    cpu: {
      model: cpu?.model ?? sysctl?.model ?? libraryCpu?.model ?? (system.cpuModel || system.arch),
      physicalCores: Math.min(
        logicalCores,
        cpu?.physical ?? sysctl?.physicalCores ?? libraryCpu?.physicalCores ?? logicalCores,
      ),
      logicalCores,
      isa: cpu?.isa ?? sysctl?.isa ?? libraryIsa(libraryCpu?.flags ?? []),
      quotaCores: quota === null || affinity === null ? (quota ?? affinity) : Math.min(quota, affinity),
      ceilings: noCeilings,
    },
    memory: {
      totalBytes: raw.totalBytes,
      availableBytes: budget.availableBytes,
      limitBytes: budget.limitBytes,
      // A virtual machine's table of modules is made up.
      ratedBytesPerSecond: cpu?.virtual === true ? null : (readings.modules?.ratedBytesPerSecond ?? null),
      origin: raw.totalBytes > 0 ? 'reported' : 'assumed',
    },
    devices,
  };
}

const libraryFlags = [
  'avx',
  'avx2',
  'fma',
  'f16c',
  'avx512f',
  'avx512_vnni',
  'avx512_bf16',
  'amx_bf16',
  'neon',
];

function libraryIsa(flags: readonly string[]): string[] {
  return libraryFlags.filter((flag) => flags.includes(flag));
}

function nvidia(readings: Readings, host: HostMemoryFacts | null, hostBytes: number): Device[] {
  const { nvidiaSmi, nvidiaKernel, pci } = readings;
  if (nvidiaSmi !== null)
    // The limit of a container binds what a unified part can use, and does not change what part it is.
    return nvidiaDevices({
      ...nvidiaSmi,
      host,
      hostTotalBytes: hostBytes > 0 ? hostBytes : null,
      visibility: readings.visibility.cuda,
    });
  const usable = nvidiaKernel?.deviceFiles === true && !deniedByContainer(readings);
  const traces = new Map<string, NvidiaTrace>();
  for (const gpu of pci.filter(({ vendor }) => vendor === 'nvidia'))
    traces.set(gpu.address, {
      name: `NVIDIA ${gpu.name ?? `device ${gpu.deviceId.toString(16).padStart(4, '0')}`}`,
      uuid: null,
      busId: gpu.address,
      driver: nvidiaKernel?.driver ?? null,
      usable,
      source: 'pci',
    });
  for (const gpu of nvidiaKernel?.gpus ?? [])
    traces.set(pciAddress(gpu.busId ?? '') ?? gpu.model, {
      name: gpu.model,
      uuid: gpu.uuid,
      busId: gpu.busId,
      driver: nvidiaKernel?.driver ?? null,
      usable,
      source: 'nvidia kernel module',
    });
  return [...traces.values()].map(tracedNvidiaDevice);
}

/** A container that was started with NVIDIA_VISIBLE_DEVICES=void or none may use no GPU. */
export function deniedByContainer(readings: Readings): boolean {
  const value = readings.visibility.nvidiaContainer;
  return value === 'void' || value === 'none';
}

function intel(readings: Readings): Device[] {
  return readings.intel.map((gpu, index) =>
    listedDevice(
      {
        id: gpu.address,
        vendor: 'intel',
        name: gpu.name ?? `Intel device ${gpu.deviceId.toString(16).padStart(4, '0')}`,
        memoryBytes: gpu.memoryBytes,
        integrated: gpu.integrated,
        source: gpu.memoryBytes === null ? 'pci' : 'sysfs',
      },
      index,
    ),
  );
}

/** Accelerators on the bus that no driver here shows: listed, and not used. */
function undriven(readings: Readings): Device[] {
  const driven = new Set(readings.amd.map(({ address }) => address));
  return readings.pci
    .filter(({ vendor, address }) => (vendor === 'amd' || vendor === 'google') && !driven.has(address))
    .map((gpu, index) => {
      const device = listedDevice(
        {
          id: gpu.address,
          vendor: gpu.vendor,
          name: gpu.name ?? `${gpu.vendor} device ${gpu.deviceId.toString(16).padStart(4, '0')}`,
          memoryBytes: null,
          integrated: false,
          source: 'pci',
        },
        index,
      );
      return { ...device, visible: false, usableBytes: null };
    });
}

/** Adapters that only the desktop names. Its memory figure wraps at 4 GiB and counts shared memory: it is not taken. */
function desktop(readings: Readings): Device[] {
  return readings.desktop
    .filter(
      ({ model, vendor }) =>
        !/NVIDIA|Microsoft|Basic|Remote|Virtual|VMware|Parallels/iu.test(`${vendor} ${model}`),
    )
    .map(({ vendor, model }, index) => {
      const text = `${vendor} ${model}`;
      const amd = /AMD|Radeon|Advanced Micro/iu.test(text);
      const own = /Arc\b.*[AB]\d{3}|\bRX \d|\bPRO (?:W|R|V)\d|Instinct/iu.test(model);
      return listedDevice(
        {
          id: `desktop-${index}`,
          vendor: amd ? 'amd' : /Intel/iu.test(text) ? 'intel' : 'other',
          name: model,
          memoryBytes: null,
          integrated: !own,
          source: 'systeminformation',
        },
        index,
      );
    });
}

/** Sentences about GPUs that are there and cannot be used, each with its way out. */
export function hiddenGpuNotes(readings: Readings): string[] {
  const { pci, nvidiaSmi, nvidiaKernel, amd, surroundings, nvidiaSmi: smi } = readings;
  const container = surroundings?.container === true;
  const notes: string[] = [];
  const onBus = (vendor: string): number => pci.filter((gpu) => gpu.vendor === vendor).length;
  if (nvidiaSmi === null && onBus('nvidia') > 0) {
    if (deniedByContainer(readings)) notes.push('NVIDIA_VISIBLE_DEVICES denies this container every GPU.');
    else if (nvidiaKernel?.deviceFiles === true)
      notes.push(
        'an NVIDIA GPU can be opened, but nvidia-smi is not here: in a container NVIDIA_DRIVER_CAPABILITIES has to contain "utility".',
      );
    else if (container)
      notes.push(
        'an NVIDIA GPU is on the host and was not passed into this container: start it with "--gpus all" (devcontainer.json: runArgs, and hostRequirements.gpu).',
      );
    else notes.push('an NVIDIA GPU is on the bus, but its driver does not answer.');
  }
  if (smi === null && nvidiaKernel === null && surroundings?.wsl === true)
    notes.push('no /dev/dxg: this WSL has no access to a GPU.');
  if (amd.length === 0 && onBus('amd') > 0 && container)
    notes.push(
      'an AMD GPU is on the host and was not passed into this container: start it with "--device /dev/kfd --device /dev/dri".',
    );
  return notes;
}
