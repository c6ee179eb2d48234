import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../../../test/fakeTool';
import { fixture } from '../../../test/fixtures';
import type { HardwareReport } from '../../core/hardware/device';
import { localTarget } from '../../core/hardware/localTarget';
import { GiB } from '../../core/units/bytes';
import { detectHardware } from '../hardware';
import type { ManifestEntry } from './recording';

/** A machine as a recording: paths with their texts (null = merely there), folders with their names, variables, tools on PATH. */
interface Scene {
  readonly platform?: string;
  readonly files?: Readonly<Record<string, string | null>>;
  readonly folders?: Readonly<Record<string, readonly string[]>>;
  readonly variables?: Readonly<Record<string, string>>;
  readonly tools?: readonly {
    readonly argv: readonly string[];
    readonly stdout: string;
    readonly exit?: number;
  }[];
  readonly facts?: Readonly<Record<string, unknown>>;
}

async function detectScene(scene: Scene): Promise<HardwareReport> {
  const folder = temporaryFolder();
  const manifest: ManifestEntry[] = [];
  const add = (
    entry: Omit<ManifestEntry, 'stdoutFile' | 'stderrFile' | 'probe'>,
    text: string | null,
  ): void => {
    const stdoutFile = text === null ? null : `${manifest.length}.txt`;
    if (stdoutFile !== null && text !== null) writeFileSync(join(folder, stdoutFile), text);
    manifest.push({ probe: 'scene', ...entry, stdoutFile, stderrFile: null });
  };
  const system = {
    platform: scene.platform ?? 'linux',
    arch: 'x64',
    release: '6.1.0',
    cpuModel: 'Example CPU',
    logicalCpus: 16,
    totalBytes: 64 * GiB,
    freeBytes: 40 * GiB,
  };
  add({ argv: ['node', 'os'], exit: 0 }, JSON.stringify(system));
  for (const [path, text] of Object.entries(scene.files ?? {})) add({ path, exit: 0 }, text);
  for (const [path, names] of Object.entries(scene.folders ?? {}))
    add({ path: `${path}/`, exit: 0 }, names.join('\n'));
  for (const [name, value] of Object.entries(scene.variables ?? {}))
    add({ argv: ['printenv', name], exit: 0 }, value);
  for (const { argv, stdout, exit } of scene.tools ?? []) add({ argv, exit: exit ?? 0 }, stdout);
  for (const [name, value] of Object.entries(scene.facts ?? {}))
    add({ argv: ['systeminformation', name], exit: 0 }, JSON.stringify(value));
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest));
  return detectHardware({ from: folder });
}

function detail(report: HardwareReport, name: string): string {
  return report.probes.find((probe) => probe.name === name)?.detail ?? '';
}

const meminfo = `MemTotal:       ${64 * 2 ** 20} kB\nMemAvailable:   ${50 * 2 ** 20} kB\n`;
const nvidiaOnBus: Scene = {
  files: {
    '/proc/meminfo': meminfo,
    '/sys/bus/pci/devices/0000:01:00.0/class': '0x030000\n',
    '/sys/bus/pci/devices/0000:01:00.0/vendor': '0x10de\n',
    '/sys/bus/pci/devices/0000:01:00.0/device': '0x2684\n',
    '/usr/share/misc/pci.ids': '10de  NVIDIA Corporation\n\t2684  AD102 [GeForce RTX 4090]\n',
  },
  folders: { '/sys/bus/pci/devices': ['0000:00:00.0', '0000:01:00.0'] },
};

describe('a recorded machine', () => {
  it('with a cgroup of version 2 has the tightest limit on the way to the root', async () => {
    const { machine } = await detectScene({
      files: {
        '/proc/meminfo': meminfo,
        '/proc/self/cgroup': '0::/a.slice/b.scope\n',
        '/sys/fs/cgroup/a.slice/b.scope/memory.max': 'max\n',
        '/sys/fs/cgroup/a.slice/b.scope/cpu.max': '400000 100000\n',
        '/sys/fs/cgroup/a.slice/memory.max': `${16 * GiB}\n`,
        '/sys/fs/cgroup/a.slice/memory.high': `${12 * GiB}\n`,
        '/sys/fs/cgroup/a.slice/memory.current': `${11 * GiB}\n`,
        '/sys/fs/cgroup/a.slice/memory.stat': `inactive_file ${GiB}\nactive_file ${8 * GiB}\n`,
        '/sys/fs/cgroup/a.slice/cpu.max': '250000 100000\n',
      },
    });
    assert.equal(machine.memory.limitBytes, 12 * GiB);
    assert.equal(machine.memory.availableBytes, 10 * GiB);
    assert.equal(machine.cpu.quotaCores, 2.5);
  });

  it('with a cgroup of version 1 in a container that sees its group as the root', async () => {
    const { machine } = await detectScene({
      files: {
        '/proc/meminfo': meminfo,
        '/proc/self/cgroup': '4:memory:/docker/abc\n1:cpu,cpuacct:/docker/abc\n0::/\n',
        '/sys/fs/cgroup/memory/memory.limit_in_bytes': `${8 * GiB}\n`,
        '/sys/fs/cgroup/memory/memory.usage_in_bytes': `${3 * GiB}\n`,
        '/sys/fs/cgroup/memory/memory.stat': `total_inactive_file ${GiB}\ntotal_active_file 0\n`,
        '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '150000\n',
        '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
        '/.dockerenv': null,
      },
    });
    assert.equal(machine.os.container, true);
    assert.equal(machine.memory.limitBytes, 8 * GiB);
    assert.equal(machine.memory.availableBytes, 6 * GiB);
    assert.equal(machine.cpu.quotaCores, 1.5);
    assert.equal(localTarget(machine, 'local').pools[0]?.usableBytes, 6 * GiB);
  });

  it('with hyper-threads and an affinity has the cores that may be used', async () => {
    const topology = Object.fromEntries(
      [0, 1, 2, 3].map((cpu) => [
        `/sys/devices/system/cpu/cpu${cpu}/topology/core_cpus_list`,
        `${cpu % 2},${(cpu % 2) + 2}\n`,
      ]),
    );
    const files = {
      '/proc/meminfo': meminfo,
      '/proc/cpuinfo': 'processor\t: 0\nmodel name\t: Some CPU\nflags\t\t: avx2\n',
      '/sys/devices/system/cpu/online': '0-3\n',
      ...topology,
    };
    const all = (await detectScene({ files })).machine.cpu;
    assert.deepEqual(
      [all.model, all.physicalCores, all.logicalCores, all.quotaCores],
      ['Some CPU', 2, 4, null],
    );
    const pinned = await detectScene({
      files: { ...files, '/proc/self/status': 'Cpus_allowed_list:\t0,2\n' },
    });
    const { cpu } = pinned.machine;
    assert.deepEqual([cpu.physicalCores, cpu.logicalCores, cpu.quotaCores], [1, 2, 2]);
  });

  it('says that a GPU was not passed into the container, and how to', async () => {
    const report = await detectScene({
      ...nvidiaOnBus,
      files: { ...nvidiaOnBus.files, '/.dockerenv': null },
    });
    assert.match(detail(report, 'pci'), /not passed into this container.*--gpus all/u);
    const [device] = report.machine.devices;
    assert.deepEqual(
      [device?.name, device?.catalogueId, device?.visible, device?.usableBytes],
      ['NVIDIA GeForce RTX 4090', 'rtx4090', false, null],
    );
    assert.equal(localTarget(report.machine, 'local').cpuOnly, true);
  });

  it('says that the container lacks the tool, and uses the GPU with the memory of the catalogue', async () => {
    const report = await detectScene({
      files: {
        ...nvidiaOnBus.files,
        '/.dockerenv': null,
        '/proc/driver/nvidia/version': 'NVRM version: NVIDIA UNIX x86_64 Kernel Module  590.48.01  Mon\n',
        '/proc/driver/nvidia/gpus/0000:01:00.0/information':
          'Model: \t\t NVIDIA GeForce RTX 4090\nGPU UUID: \t GPU-1\nBus Location: \t 0000:01:00.0\n',
      },
      folders: {
        ...nvidiaOnBus.folders,
        '/dev': ['null', 'nvidia0', 'nvidiactl'],
        '/proc/driver/nvidia/gpus': ['0000:01:00.0'],
      },
    });
    assert.match(detail(report, 'pci'), /NVIDIA_DRIVER_CAPABILITIES/u);
    assert.equal(report.machine.devices.length, 1);
    const [device] = report.machine.devices;
    assert.deepEqual(
      [device?.id, device?.driver, device?.usableBytes, device?.origin],
      ['GPU-1', '590.48.01', 23.5 * GiB, 'assumed'],
    );
  });

  it('says that the container was denied the GPU', async () => {
    const report = await detectScene({
      ...nvidiaOnBus,
      folders: { ...nvidiaOnBus.folders, '/dev': ['nvidia0'] },
      variables: { NVIDIA_VISIBLE_DEVICES: 'void' },
    });
    assert.match(detail(report, 'pci'), /denies/u);
    assert.equal(report.machine.devices[0]?.visible, false);
  });

  it('says that a driver is missing', async () => {
    assert.match(detail(await detectScene(nvidiaOnBus), 'pci'), /driver does not answer/u);
  });

  it('with an AMD card has the memory that the driver tells', async () => {
    const device = '/sys/class/drm/card0/device';
    const report = await detectScene({
      files: {
        '/proc/meminfo': meminfo,
        [`${device}/vendor`]: '0x1002\n',
        [`${device}/device`]: '0x740f\n',
        [`${device}/uevent`]: 'DRIVER=amdgpu\nPCI_SLOT_NAME=0000:03:00.0\n',
        [`${device}/product_name`]: 'AMD Instinct MI210\n',
        [`${device}/mem_info_vram_total`]: `${64 * GiB}\n`,
        [`${device}/mem_info_vram_used`]: `${GiB}\n`,
        [`${device}/mem_info_gtt_total`]: `${32 * GiB}\n`,
        [`${device}/mem_info_gtt_used`]: '0\n',
        '/sys/class/kfd/kfd/topology/nodes/0/properties': fixture(
          'hardware',
          'amd',
          'kfd',
          'mi210_node0_properties.txt',
        ),
        '/sys/class/kfd/kfd/topology/nodes/4/properties': fixture(
          'hardware',
          'amd',
          'kfd',
          'mi210_node4_properties.txt',
        ),
      },
      folders: {
        '/sys/class/drm': ['card0', 'card0-DP-1', 'renderD130', 'version'],
        [`${device}/drm`]: ['card0', 'renderD130'],
        '/sys/class/kfd/kfd/topology/nodes': ['0', '4'],
      },
    });
    const [card, ...others] = report.machine.devices;
    assert.ok(card !== undefined && others.length === 0);
    assert.deepEqual(
      [card.id, card.catalogueId, card.usableBytes, card.freeBytes, card.computeCapability],
      ['0000:03:00.0', 'mi210', 64 * GiB, 63 * GiB, 'gfx90a'],
    );
    assert.equal(localTarget(report.machine, 'local').label, 'MI210');
  });

  it('lists an AMD card that was not passed into the container, and does not use it', async () => {
    const at = '/sys/bus/pci/devices/0000:05:00.0';
    const report = await detectScene({
      files: {
        '/proc/meminfo': meminfo,
        '/run/.containerenv': null,
        [`${at}/class`]: '0x120000',
        [`${at}/vendor`]: '0x1002',
        [`${at}/device`]: '0x74a1',
        '/usr/share/misc/pci.ids': '1002  AMD\n\t74a1  Aqua Vanjaram [Instinct MI300X]\n',
      },
      folders: { '/sys/bus/pci/devices': ['0000:05:00.0'] },
    });
    assert.match(detail(report, 'pci'), /--device \/dev\/kfd/u);
    const [device] = report.machine.devices;
    assert.deepEqual([device?.catalogueId, device?.visible, device?.usableBytes], ['mi300x', false, null]);
    assert.equal(localTarget(report.machine, 'local').cpuOnly, true);
  });

  it('with an Intel card has the memory of its tiles', async () => {
    const at = '/sys/bus/pci/devices';
    const report = await detectScene({
      files: {
        '/proc/meminfo': meminfo,
        [`${at}/0000:00:02.0/class`]: '0x030000',
        [`${at}/0000:00:02.0/vendor`]: '0x8086',
        [`${at}/0000:00:02.0/device`]: '0xa780',
        [`${at}/0000:03:00.0/class`]: '0x030000',
        [`${at}/0000:03:00.0/vendor`]: '0x8086',
        [`${at}/0000:03:00.0/device`]: '0xe20b',
        [`${at}/0000:03:00.0/tile0/physical_vram_size_bytes`]: '12809404416\n',
        '/usr/share/hwdata/pci.ids':
          '8086  Intel Corporation\n\ta780  Raptor Lake-S GT1 [UHD Graphics 770]\n\te20b  Battlemage G21 [Arc B580]\n',
      },
      folders: { [at]: ['0000:00:02.0', '0000:03:00.0'], [`${at}/0000:03:00.0`]: ['class', 'tile0'] },
    });
    assert.deepEqual(
      report.machine.devices.map(({ name, kind, usableBytes, catalogueId }) => [
        name,
        kind,
        usableBytes,
        catalogueId,
      ]),
      [
        ['UHD Graphics 770', 'integrated', null, null],
        ['Arc B580', 'discrete', 12809404416, 'arc-b580'],
      ],
    );
  });

  it('that is a Mac shares its memory', async () => {
    const { machine } = await detectScene({
      platform: 'darwin',
      tools: [
        {
          argv: ['/usr/sbin/sysctl', 'hw.memsize'],
          stdout:
            'hw.memsize: 68719476736\nhw.physicalcpu: 16\nmachdep.cpu.brand_string: Apple M3 Max\niogpu.wired_limit_mb: 0\nhw.optional.arm.FEAT_I8MM: 1\nhw.optional.AdvSIMD: 1\n',
          exit: 1,
        },
        {
          argv: ['/usr/sbin/system_profiler', 'SPDisplaysDataType', '-json', '-detailLevel', 'mini'],
          stdout: JSON.stringify({
            SPDisplaysDataType: [{ sppci_model: 'Apple M3 Max', sppci_cores: '40' }],
          }),
        },
      ],
      facts: { mem: { total: 64 * GiB, available: 30 * GiB } },
    });
    assert.deepEqual(
      [machine.cpu.model, machine.cpu.physicalCores, machine.cpu.isa],
      ['Apple M3 Max', 16, ['i8mm', 'neon']],
    );
    const [device] = machine.devices;
    assert.deepEqual(
      [device?.kind, device?.catalogueId, device?.usableBytes, device?.freeBytes],
      ['unified', 'apple-m3-max-40c', 48 * GiB, 30 * GiB],
    );
    assert.equal(localTarget(machine, 'local').label, 'M3 Max 64GB');
  });

  it('with Windows takes no memory from the desktop, whose figure wraps', async () => {
    const { machine, probes } = await detectScene({
      platform: 'win32',
      facts: {
        cpu: { manufacturer: 'AMD', brand: 'Ryzen 9', physicalCores: 12, flags: '' },
        mem: { total: 64 * GiB, available: 30 * GiB },
        memLayout: [
          { type: 'DDR5', bank: 'P0 CHANNEL A', clockSpeed: 6000, size: 32 * GiB },
          { type: 'DDR5', bank: 'P0 CHANNEL B', clockSpeed: 6000, size: 32 * GiB },
        ],
        graphics: [
          { vendor: 'Advanced Micro Devices, Inc.', model: 'AMD Radeon RX 7900 XTX', vram: 4095 },
          { vendor: 'Microsoft', model: 'Microsoft Basic Display Adapter', vram: 0 },
        ],
      },
    });
    assert.deepEqual([machine.cpu.model, machine.cpu.physicalCores], ['AMD Ryzen 9', 12]);
    assert.equal(machine.memory.ratedBytesPerSecond, 96e9);
    assert.deepEqual(
      machine.devices.map(({ catalogueId, usableBytes, origin }) => [catalogueId, usableBytes, origin]),
      [['rx7900xtx', 23.5 * GiB, 'assumed']],
    );
    assert.ok(probes.some(({ name }) => name === 'systeminformation graphics'));
  });

  it('under WSL is said to be', async () => {
    const report = await detectScene({
      files: {
        '/proc/meminfo': meminfo,
        '/proc/sys/kernel/osrelease': '5.15.167.4-microsoft-standard-WSL2\n',
      },
    });
    assert.equal(report.machine.os.wsl, true);
  });

  it('of which nothing is known still gives an answer', async () => {
    const report = await detectScene({});
    assert.deepEqual(report.machine.devices, []);
    assert.equal(report.machine.memory.totalBytes, 64 * GiB);
  });
});
