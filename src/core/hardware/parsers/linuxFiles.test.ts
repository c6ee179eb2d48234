import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { fixture } from '../../../../test/fixtures';
import { GiB } from '../../units/bytes';
import { gfxName, isAmdApu, kfdNode, parseKfdProperties, parseSysfsBytes } from './amdSysfs';
import {
  cgroupAncestors,
  parseCfsQuota,
  parseCgroupPaths,
  parseCpuMax,
  parseMemoryCurrent,
  parseMemoryLimit,
  parseMemoryStat,
} from './cgroup';
import { parseAllowedCpus, parseCpuList, physicalCores } from './cpuList';
import { inContainer, inWsl, isLoginNode } from './environment';
import { parseNvidiaProcInformation, parseNvidiaProcVersion } from './nvidiaProc';
import { gpusOnPci, pciAddress } from './pciDevices';
import { pciDeviceName } from './pciNames';
import { parseCpuinfo } from './procCpuinfo';
import { parseMeminfo } from './procMeminfo';
import { parseSystemProfiler } from './systemProfiler';
import { visibleDevices } from './visibleDevices';

describe('/proc/meminfo', () => {
  it('reads total and available', () => {
    assert.deepEqual(
      parseMeminfo('MemTotal:       24684084 kB\nMemFree:  100 kB\nMemAvailable:   23777264 kB\n'),
      {
        totalBytes: 24684084 * 1024,
        availableBytes: 23777264 * 1024,
      },
    );
  });

  it('adds up what older kernels do not', () => {
    assert.equal(
      parseMeminfo('MemTotal: 1000 kB\nMemFree: 200 kB\nBuffers: 50 kB\nCached: 100 kB\n')?.availableBytes,
      350 * 1024,
    );
  });

  it('answers nothing for other text', () => {
    assert.equal(parseMeminfo(''), null);
    assert.equal(parseMeminfo('MemTotal: lots kB'), null);
  });
});

describe('cgroup files', () => {
  it('tell where the process stands on a unified, an old and a mixed host', () => {
    assert.equal(parseCgroupPaths('0::/user.slice/a.scope\n').unified, '/user.slice/a.scope');
    const mixed = parseCgroupPaths('9:name=systemd:/\n4:memory:/x/y\n2:cpu,cpuacct:/z\n0::/\n');
    assert.equal(mixed.unified, '/');
    assert.equal(mixed.controllers.get('memory'), '/x/y');
    assert.equal(mixed.controllers.get('cpu'), '/z');
    assert.equal(mixed.controllers.get('cpuacct'), '/z');
  });

  it('give every level up to the root', () => {
    assert.deepEqual(cgroupAncestors('/a/b.slice/c'), ['/a/b.slice/c', '/a/b.slice', '/a', '/']);
    assert.deepEqual(cgroupAncestors('/'), ['/']);
    assert.deepEqual(cgroupAncestors('/../../x'), ['/']);
  });

  it('know the ways to say "no limit"', () => {
    assert.equal(parseMemoryLimit('max\n'), null);
    assert.equal(parseMemoryLimit('9223372036854771712\n'), null);
    assert.equal(parseMemoryLimit('18446744073709551615'), null);
    assert.equal(parseMemoryLimit('8589934592\n'), 8 * GiB);
    assert.equal(parseMemoryLimit('-1'), null);
    assert.equal(parseMemoryCurrent('123\n'), 123);
    assert.equal(parseMemoryCurrent('max'), null);
  });

  it('count the page cache of the groups below as well', () => {
    assert.deepEqual(parseMemoryStat('anon 5\ninactive_file 10\nactive_file 20\n'), {
      inactiveFile: 10,
      activeFile: 20,
    });
    assert.deepEqual(
      parseMemoryStat('inactive_file 1\nactive_file 2\ntotal_inactive_file 10\ntotal_active_file 20\n'),
      { inactiveFile: 10, activeFile: 20 },
    );
  });

  it('tell the CPU quota', () => {
    assert.equal(parseCpuMax('200000 100000\n'), 2);
    assert.equal(parseCpuMax('max 100000\n'), null);
    assert.equal(parseCpuMax('100000 0\n'), null);
    assert.equal(parseCfsQuota('150000\n', '100000\n'), 1.5);
    assert.equal(parseCfsQuota('-1\n', '100000\n'), null);
  });
});

describe('CPU lists', () => {
  it('are read with ranges', () => {
    assert.deepEqual(parseCpuList('0-3,8,10-11\n'), [0, 1, 2, 3, 8, 10, 11]);
    assert.equal(parseCpuList(''), null);
    assert.equal(parseCpuList('3-'), null);
    assert.equal(parseCpuList('0-99999'), null);
    assert.equal(parseCpuList('5-2'), null);
    assert.deepEqual(parseAllowedCpus('Name:\tnode\nCpus_allowed:\t3\nCpus_allowed_list:\t0-1\n'), [0, 1]);
    assert.equal(parseAllowedCpus('Name:\tnode\n'), null);
  });

  it('give physical cores within what is allowed', () => {
    const siblings = new Map([
      [0, '0,4'],
      [1, '1,5'],
      [2, '2,6'],
      [3, '3,7'],
      [4, '0,4'],
      [5, '1,5'],
      [6, '2,6'],
      [7, '3,7'],
    ]);
    assert.equal(physicalCores(siblings, null), 4);
    assert.equal(physicalCores(siblings, [0, 4]), 1);
    assert.equal(physicalCores(siblings, [0, 1, 5]), 2);
    assert.equal(physicalCores(new Map(), null), null);
  });
});

describe('/proc/cpuinfo', () => {
  it('names the extensions that matter', () => {
    const cpu = parseCpuinfo(
      'processor\t: 0\nmodel name\t: Some CPU @ 2.00GHz\nflags\t\t: fpu avx avx2 fma f16c avx512f avx512_bf16 amx_tile\n\n' +
        'processor\t: 1\nmodel name\t: Some CPU @ 2.00GHz\nflags\t\t: fpu avx avx2 fma f16c\n',
    );
    assert.deepEqual(cpu, {
      model: 'Some CPU @ 2.00GHz',
      logicalCpus: 2,
      isa: ['avx', 'avx2', 'f16c', 'fma'],
      virtual: false,
    });
    assert.equal(parseCpuinfo('processor: 0\nflags: fpu hypervisor\n').virtual, true);
  });

  it('reads the words of arm64', () => {
    assert.deepEqual(parseCpuinfo('processor\t: 0\nFeatures\t: fp asimd asimddp i8mm bf16 sve2\n').isa, [
      'bf16',
      'dotprod',
      'i8mm',
      'neon',
      'sve2',
    ]);
  });
});

describe('the PCI bus', () => {
  it('lists GPUs and accelerators and no consoles', () => {
    const gpus = gpusOnPci([
      { address: '0000:01:00.0', vendor: '0x10de\n', device: '0x2684\n', class: '0x030000\n' },
      { address: '0000:01:00.1', vendor: '0x10de\n', device: '0x22ba\n', class: '0x040300\n' },
      { address: '0000:05:00.0', vendor: '0x1002\n', device: '0x74a1\n', class: '0x120000\n' },
      { address: '0000:00:02.0', vendor: '0x1234\n', device: '0x1111\n', class: '0x030000\n' },
      { address: '0000:06:00.0', vendor: 'rubbish', device: '', class: '' },
    ]);
    assert.deepEqual(
      gpus.map(({ address, vendor }) => [address, vendor]),
      [
        ['0000:01:00.0', 'nvidia'],
        ['0000:05:00.0', 'amd'],
      ],
    );
  });

  it('spells addresses as sysfs does', () => {
    assert.equal(pciAddress('00000000:0C:00.0'), '0000:0c:00.0');
    assert.equal(pciAddress('00010000:01:00.0'), '10000:01:00.0');
    assert.equal(pciAddress('N/A'), null);
  });

  it('finds a product in the list of ids', () => {
    const ids =
      '# comment\n1002  Advanced Micro Devices\n\t744c  Navi 31 [Radeon RX 7900 XTX]\n10de  NVIDIA Corporation\n' +
      '\t2684  AD102 [GeForce RTX 4090]\n\t\t10de 0000  A board\n\t26b9  AD102GL [L40S]\n\t0001  Plain\nffff  Illegal\n';
    assert.equal(pciDeviceName(ids, 0x10de, 0x26b9), 'L40S');
    assert.equal(pciDeviceName(ids, 0x10de, 0x0001), 'Plain');
    assert.equal(pciDeviceName(ids, 0x10de, 0x744c), null);
    assert.equal(pciDeviceName(ids, 0x1af4, 1), null);
    assert.equal(pciDeviceName('', 0x10de, 0x2684), null);
  });
});

describe('the NVIDIA kernel module', () => {
  it('tells model and version', () => {
    assert.deepEqual(
      parseNvidiaProcInformation(
        'Model: \t\t NVIDIA GeForce RTX 4090\nIRQ:   \t\t 188\nGPU UUID: \t GPU-1234\nBus Location: \t 0000:01:00.0\n',
      ),
      { model: 'NVIDIA GeForce RTX 4090', uuid: 'GPU-1234', busId: '0000:01:00.0' },
    );
    assert.equal(parseNvidiaProcInformation('Model: Unknown\n'), null);
    assert.equal(
      parseNvidiaProcInformation('Model: X\nGPU UUID: GPU-????????-????-????-????-????????????\n')?.uuid,
      null,
    );
    assert.equal(
      parseNvidiaProcVersion('NVRM version: NVIDIA UNIX x86_64 Kernel Module  590.48.01  Mon Dec  8\n'),
      '590.48.01',
    );
    assert.equal(
      parseNvidiaProcVersion('NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.95.05  Release\n'),
      '580.95.05',
    );
  });
});

describe('AMD in sysfs', () => {
  it('reads the KFD topology', () => {
    assert.equal(kfdNode(fixture('hardware', 'amd', 'kfd', 'mi210_node0_properties.txt')), null);
    assert.deepEqual(kfdNode(fixture('hardware', 'amd', 'kfd', 'mi210_node4_properties.txt')), {
      gfx: 'gfx90a',
      deviceId: 29711,
      computeUnits: 104,
      renderMinor: 130,
    });
    assert.equal(gfxName(110501), 'gfx1151');
    assert.equal(gfxName(90402), 'gfx942');
  });

  it('tells a part of the processor from a card', () => {
    const memory = (vram: number, gtt: number) => ({
      vramTotal: vram,
      vramUsed: 0,
      gttTotal: gtt,
      gttUsed: 0,
    });
    const strix = memory(4 * GiB, 96 * GiB);
    const vega = memory(16 * GiB, 16 * GiB);
    assert.equal(isAmdApu({ memory: strix, gfx: 'gfx1151', hasVramVendor: false }), true);
    assert.equal(isAmdApu({ memory: strix, gfx: null, hasVramVendor: false }), true);
    assert.equal(isAmdApu({ memory: strix, gfx: null, hasVramVendor: true }), false);
    assert.equal(isAmdApu({ memory: vega, gfx: 'gfx906', hasVramVendor: true }), false);
    assert.equal(isAmdApu({ memory: vega, gfx: null, hasVramVendor: false }), false);
    assert.equal(isAmdApu({ memory: { ...vega, gttTotal: null }, gfx: null, hasVramVendor: false }), false);
    assert.equal(parseSysfsBytes('103079215104\n'), 96 * GiB);
    assert.equal(parseSysfsBytes('-1'), null);
    assert.equal(parseSysfsBytes(null), null);
  });
});

describe('where the process runs', () => {
  const bare = {
    platform: 'linux',
    kernel: '6.1.0',
    initCgroup: '0::/init.scope\n',
    markers: [],
    environment: {},
  };

  it('is a container by its marker, its pod or its cgroup', () => {
    assert.equal(inContainer(bare), false);
    assert.equal(inContainer({ ...bare, markers: ['/.dockerenv'] }), true);
    assert.equal(inContainer({ ...bare, environment: { KUBERNETES_SERVICE_HOST: '10.0.0.1' } }), true);
    assert.equal(inContainer({ ...bare, initCgroup: '1:memory:/docker/0123\n' }), true);
    assert.equal(inContainer({ ...bare, initCgroup: '0::/kubepods.slice/x\n' }), true);
  });

  it('is WSL by its kernel', () => {
    assert.equal(inWsl({ ...bare, kernel: '5.15.167.4-microsoft-standard-WSL2' }), true);
    assert.equal(inWsl(bare), false);
    assert.equal(inWsl({ ...bare, platform: 'win32', kernel: 'microsoft' }), false);
  });

  it('is a login node where Slurm has commands, no job and no GPU', () => {
    assert.equal(isLoginNode(['sinfo'], {}, false), true);
    assert.equal(isLoginNode([], {}, false), false);
    assert.equal(isLoginNode(['sinfo', 'scontrol'], { SLURM_JOB_ID: '7' }, false), false);
    assert.equal(isLoginNode(['sinfo'], {}, true), false);
  });
});

describe('CUDA_VISIBLE_DEVICES', () => {
  const devices = [
    { index: 0, id: 'GPU-aaaa1111' },
    { index: 1, id: 'GPU-aaaa2222' },
    { index: 2, id: 'GPU-bbbb3333' },
  ];
  const cases: readonly (readonly [variable: string | undefined, ids: readonly string[] | null])[] = [
    [undefined, null],
    ['', []],
    ['-1', []],
    ['1', ['GPU-aaaa2222']],
    ['2,0', ['GPU-bbbb3333', 'GPU-aaaa1111']],
    ['0,-1,1', ['GPU-aaaa1111']],
    ['0,9,1', ['GPU-aaaa1111']],
    ['GPU-bbbb', ['GPU-bbbb3333']],
    ['GPU-aaaa', []],
    ['0,0', []],
    ['NoDevFiles', []],
  ];
  for (const [variable, ids] of cases) {
    it(`"${variable ?? '(not set)'}" leaves ${ids === null ? 'all' : ids.join(' and ') || 'none'}`, () => {
      const visible = visibleDevices(variable, devices);
      assert.deepEqual(visible === null ? null : [...visible], ids);
    });
  }
});

describe('system_profiler', () => {
  it('reads an Apple GPU', () => {
    const text = JSON.stringify({
      SPDisplaysDataType: [
        {
          _name: 'kHW_AppleM1Item',
          sppci_cores: '7',
          sppci_model: 'Apple M1',
          sppci_bus: 'spdisplays_builtin',
        },
        { sppci_model: 'AMD Radeon Pro 5500M', spdisplays_vram: '8 GB' },
        { spdisplays_vram: '8 GB' },
      ],
    });
    assert.deepEqual(parseSystemProfiler(text), [
      { model: 'Apple M1', gpuCores: 7, vramBytes: null },
      { model: 'AMD Radeon Pro 5500M', gpuCores: null, vramBytes: 8 * GiB },
    ]);
    assert.deepEqual(parseSystemProfiler('{"SPDisplaysDataType": 3}'), []);
    assert.deepEqual(parseSystemProfiler('not json'), []);
  });
});

describe('the file parsers on damaged text', () => {
  const samples = [
    'MemTotal:       24684084 kB\nMemAvailable:   23777264 kB\n',
    '9:name=systemd:/\n4:memory:/x/y\n0::/\n',
    'anon 5\ninactive_file 10\nactive_file 20\n',
    '200000 100000\n',
    'processor\t: 0\nmodel name\t: CPU\nflags\t\t: avx2\n',
    'Cpus_allowed_list:\t0-1\n',
    fixture('hardware', 'amd', 'kfd', 'mi210_node4_properties.txt'),
    '10de  NVIDIA\n\t2684  AD102 [GeForce RTX 4090]\n',
    'Model: \t\t NVIDIA\nGPU UUID: \t GPU-1234\n',
    '{"SPDisplaysDataType":[{"sppci_model":"Apple M1","sppci_cores":"7"}]}',
  ];
  const damaged = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.stringMatching(/^[-0-9,. max\n]{0,40}$/u),
    fc
      .tuple(fc.constantFrom(...samples), fc.nat(), fc.nat(20), fc.string({ maxLength: 6 }))
      .map(([text, at, length, put]) => {
        const start = at % text.length;
        return text.slice(0, start) + put + text.slice(start + length);
      }),
  );

  /** Every number anywhere in a parsed value is finite and not negative. */
  function sane(value: unknown): void {
    if (typeof value === 'number') assert.ok(Number.isFinite(value) && value >= 0, String(value));
    else if (value instanceof Map) [...value.values()].forEach(sane);
    else if (typeof value === 'object' && value !== null) Object.values(value).forEach(sane);
  }

  it('never throws and never makes up a number', () => {
    fc.assert(
      fc.property(damaged, damaged, (text, other) => {
        sane(parseMeminfo(text));
        sane(parseCgroupPaths(text));
        sane(cgroupAncestors(text));
        sane(parseMemoryLimit(text));
        sane(parseMemoryCurrent(text));
        sane(parseMemoryStat(text));
        sane(parseCpuMax(text));
        sane(parseCfsQuota(text, other));
        sane(parseCpuList(text));
        sane(parseAllowedCpus(text));
        sane(physicalCores(new Map([[0, text]]), null));
        sane(parseCpuinfo(text));
        sane(gpusOnPci([{ address: text, vendor: text, device: other, class: other }]));
        sane(pciAddress(text));
        sane(pciDeviceName(text, 0x10de, 0x2684));
        sane(parseNvidiaProcInformation(text));
        sane(parseNvidiaProcVersion(text));
        sane(parseKfdProperties(text));
        sane(kfdNode(text));
        sane(parseSysfsBytes(text));
        sane(parseSystemProfiler(text));
        visibleDevices(text, [{ index: 0, id: other }]);
      }),
      { numRuns: 500 },
    );
  });
});
