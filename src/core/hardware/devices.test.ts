import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { GiB, MiB } from '../units/bytes';
import { amdDevices } from './amdDevices';
import type { AmdListing } from './amdDevices';
import { appleShare } from './catalogueMemory';
import { localTarget } from './localTarget';
import { nvidiaDevices, tracedNvidiaDevice } from './nvidiaDevices';
import type { NvidiaFacts } from './nvidiaDevices';
import { appleDevice, listedDevice } from './otherDevices';
import { nvidiaFields, parseNvidiaQuery } from './parsers/nvidiaSmiQuery';
import type { NvidiaGpu } from './parsers/nvidiaSmiQuery';

const gpu: NvidiaGpu = {
  index: 0,
  uuid: 'GPU-1',
  name: 'NVIDIA GeForce RTX 3060 Ti',
  busId: '00000000:01:00.0',
  driver: '595.80',
  computeCapability: '8.6',
  totalMiB: 8192,
  reservedMiB: 300,
  usedMiB: 100,
  freeMiB: 7792,
  mig: null,
  ecc: null,
  addressingMode: null,
  maxSmMHz: 2100,
  maxMemoryMHz: 7001,
  pcieGeneration: 4,
  pcieWidth: 16,
  powerLimitWatts: 200,
  utilisationPercent: 0,
};

function nvidia(gpus: readonly NvidiaGpu[], more: Partial<NvidiaFacts> = {}) {
  return nvidiaDevices({
    gpus,
    listings: [],
    migMemory: [],
    processes: [],
    host: { totalBytes: 62 * GiB, availableBytes: 40 * GiB },
    hostTotalBytes: 62 * GiB,
    visibility: undefined,
    ...more,
  });
}

describe('nvidiaDevices', () => {
  it('believes the memory clock where it contradicts the table', () => {
    assert.deepEqual(nvidia([gpu])[0]?.ceilings.bytesPerSecond, { value: 448e9, origin: 'catalogue' });
    // The revision with GDDR6X: 9501 MHz × 2 × 256 bits.
    const faster = nvidia([{ ...gpu, maxMemoryMHz: 9501 }])[0];
    assert.deepEqual(faster?.ceilings.bytesPerSecond, { value: 9501e6 * 64, origin: 'formula' });
    const absurd = nvidia([{ ...gpu, maxMemoryMHz: 90_000 }])[0];
    assert.equal(absurd?.ceilings.bytesPerSecond?.origin, 'catalogue');
  });

  it('uses no device that is lost', () => {
    const lost = {
      ...gpu,
      totalMiB: null,
      reservedMiB: null,
      usedMiB: null,
      freeMiB: null,
      computeCapability: null,
    };
    const [device] = nvidia([{ ...lost, utilisationPercent: null }]);
    assert.deepEqual([device?.kind, device?.totalBytes, device?.usableBytes], ['discrete', null, null]);
  });

  it('gives a part with a carve-out more than it reports', () => {
    const [device] = nvidia([{ ...gpu, name: 'NVIDIA RTX Spark N1X', totalMiB: 8128 }], {
      host: { totalBytes: 54.2 * GiB, availableBytes: 30 * GiB },
    });
    assert.deepEqual([device?.kind, device?.origin], ['unified', 'assumed']);
    assert.equal(Math.round((device?.usableBytes ?? 0) / MiB), 46477);
    assert.equal(device?.freeBytes, 30 * GiB);
  });

  it('says what a slice has where only its profile is known', () => {
    const mig = { profile: '2g.10gb', index: 0, uuid: 'MIG-1' };
    const [device] = nvidia([{ ...gpu, name: 'NVIDIA A100-SXM4-40GB', totalMiB: 40960, mig: true }], {
      listings: [{ index: 0, name: 'NVIDIA A100-SXM4-40GB', uuid: 'GPU-1', migDevices: [mig] }],
    });
    assert.deepEqual([device?.id, device?.kind, device?.origin], ['MIG-1', 'mig', 'assumed']);
    assert.equal(device?.usableBytes, Math.floor(10 * GiB * 0.97));
    assert.equal(device.ceilings.flops.bf16?.value, (312e12 * 2) / 7);
  });

  it('makes up no figure from rows that are damaged', () => {
    const cell = fc.oneof(
      fc.constantFrom(
        '[N/A]',
        'ERR!',
        '-5',
        'NaN',
        '1e9',
        '0',
        '81559',
        '24564',
        '999999999',
        'Enabled',
        '9.0',
        '',
      ),
      fc.constantFrom('NVIDIA GB10', 'Orin (nvgpu)', 'NVIDIA L4', 'NVIDIA GH200 480GB'),
      fc.string({ maxLength: 10 }),
    );
    const row = fc.array(cell, { minLength: nvidiaFields.length, maxLength: nvidiaFields.length });
    fc.assert(
      fc.property(fc.array(row, { maxLength: 4 }), fc.nat(), (rows, host) => {
        const text = rows.map((cells, index) => [String(index), ...cells.slice(1)].join(', ')).join('\n');
        const memory = { totalBytes: host, availableBytes: host };
        for (const device of nvidia(parseNvidiaQuery(text, nvidiaFields), {
          host: memory,
          hostTotalBytes: host,
        })) {
          for (const bytes of [device.totalBytes, device.usableBytes, device.freeBytes])
            assert.ok(bytes === null || (Number.isSafeInteger(bytes) && bytes >= 0), JSON.stringify(device));
          assert.ok((device.usableBytes ?? 0) <= (device.totalBytes ?? 0));
          assert.ok((device.ceilings.bytesPerSecond?.value ?? 1) > 0);
        }
      }),
    );
  });

  it('hides what the variable hides', () => {
    const second = { ...gpu, index: 1, uuid: 'GPU-2' };
    assert.deepEqual(
      nvidia([gpu, second], { visibility: '1' }).map(({ visible }) => visible),
      [false, true],
    );
  });
});

describe('tracedNvidiaDevice', () => {
  const trace = {
    name: 'NVIDIA GeForce RTX 4090',
    uuid: null,
    busId: '0000:01:00.0',
    driver: '595.80',
    usable: true,
    source: 'nvidia kernel module',
  };

  it('has the memory of the catalogue, and says so', () => {
    const device = tracedNvidiaDevice(trace, 0);
    assert.deepEqual([device.usableBytes, device.origin, device.freeBytes], [23.5 * GiB, 'assumed', null]);
    assert.equal(device.visible, true);
  });

  it('has none where the name means several products', () => {
    const device = tracedNvidiaDevice({ ...trace, name: 'NVIDIA GeForce RTX 4060 Ti' }, 0);
    assert.deepEqual([device.totalBytes, device.usableBytes, device.origin], [null, null, 'assumed']);
    assert.equal(tracedNvidiaDevice({ ...trace, name: 'NVIDIA device 2684' }, 0).catalogueId, null);
  });

  it('is found by the spelling of the list of PCI ids', () => {
    for (const [name, id] of [
      ['NVIDIA L40S', 'l40s'],
      ['NVIDIA A100 PCIe 80GB', 'a100-pcie-80gb'],
      ['NVIDIA H100 SXM5 80GB', 'h100-sxm5-80gb'],
      ['NVIDIA GeForce RTX 2080 Ti Rev. A', null],
      ['NVIDIA GeForce RTX 3080', null],
      ['NVIDIA GeForce GTX 750', null],
    ] as const)
      assert.equal(tracedNvidiaDevice({ ...trace, name }, 0).catalogueId, id, name);
  });

  it('is not used where it cannot be opened', () => {
    const device = tracedNvidiaDevice({ ...trace, usable: false }, 0);
    assert.deepEqual([device.visible, device.usableBytes], [false, null]);
  });
});

describe('amdDevices', () => {
  const host = { totalBytes: 124 * GiB, availableBytes: 100 * GiB };
  const card: AmdListing = {
    address: '0000:03:00.0',
    name: null,
    deviceId: 0x744c,
    gfx: 'gfx1100',
    computeUnits: 84,
    hasVramVendor: true,
    memory: { vramTotal: 21_458_059_264, vramUsed: 27_856_896, gttTotal: 60 * GiB, gttUsed: 0 },
  };
  const strix: AmdListing = {
    address: '0000:c5:00.0',
    name: null,
    deviceId: 0x1586,
    gfx: 'gfx1151',
    computeUnits: 40,
    hasVramVendor: false,
    memory: { vramTotal: 4 * GiB, vramUsed: GiB, gttTotal: 96 * GiB, gttUsed: 0 },
  };
  const raphael: AmdListing = {
    ...strix,
    address: '0000:0f:00.0',
    deviceId: 0x164e,
    gfx: 'gfx1036',
    computeUnits: 2,
    memory: { vramTotal: 64 * MiB, vramUsed: 26_079_232, gttTotal: 16 * GiB, gttUsed: 0 },
  };

  it('never adds the mapped host memory to a card', () => {
    const [device] = amdDevices([card], host, undefined);
    assert.deepEqual(
      [device?.kind, device?.catalogueId, device?.usableBytes, device?.freeBytes],
      ['discrete', 'rx7900xt', 21_458_059_264, 21_458_059_264 - 27_856_896],
    );
    assert.deepEqual(
      [device?.origin, device?.source, device?.computeCapability],
      ['reported', 'sysfs', 'gfx1100'],
    );
  });

  it('gives a part of the processor its carve-out and what is mapped', () => {
    const [device] = amdDevices([strix], host, undefined);
    assert.deepEqual(
      [device?.kind, device?.usableBytes, device?.freeBytes],
      ['unified', 100 * GiB, 99 * GiB],
    );
    const [tight] = amdDevices([strix], { totalBytes: 124 * GiB, availableBytes: 10 * GiB }, undefined);
    assert.equal(tight?.freeBytes, 13 * GiB);
  });

  it('does not count the display part beside a card', () => {
    const devices = amdDevices([raphael, card], host, undefined);
    assert.deepEqual(
      devices.map(({ kind }) => kind),
      ['integrated', 'discrete'],
    );
    assert.equal(amdDevices([raphael], host, undefined)[0]?.kind, 'integrated');
  });

  it('takes the product name where the driver has one, and nothing where two products fit', () => {
    const [named] = amdDevices(
      [
        {
          ...card,
          name: 'AMD Instinct MI210',
          gfx: 'gfx90a',
          memory: { ...card.memory, vramTotal: 64 * GiB },
        },
      ],
      host,
      undefined,
    );
    assert.equal(named?.catalogueId, 'mi210');
    const [ambiguous] = amdDevices(
      [{ ...card, gfx: 'gfx90a', memory: { ...card.memory, vramTotal: 64 * GiB } }],
      host,
      undefined,
    );
    assert.equal(ambiguous?.catalogueId, null);
    assert.equal(ambiguous.name, 'AMD device 744c');
  });

  it('knows nothing of memory that no file tells', () => {
    const memory = { vramTotal: null, vramUsed: null, gttTotal: null, gttUsed: null };
    const [device] = amdDevices([{ ...card, memory }], host, '0');
    assert.deepEqual([device?.totalBytes, device?.freeBytes, device?.origin], [null, null, 'assumed']);
  });
});

describe('appleDevice', () => {
  const display = { model: 'Apple M3 Max', gpuCores: 40, vramBytes: null };
  const host = { totalBytes: 64 * GiB, availableBytes: 20 * GiB };

  it('has the recommended share of the memory', () => {
    const device = appleDevice(display, 0, host, null);
    assert.deepEqual(
      [device.kind, device.catalogueId, device.usableBytes, device.freeBytes, device.origin],
      ['unified', 'apple-m3-max-40c', 48 * GiB, 20 * GiB, 'assumed'],
    );
    assert.equal(device.ceilings.bytesPerSecond?.value, 400e9);
  });

  it('has what the user allows', () => {
    const device = appleDevice(display, 0, host, 60 * GiB);
    assert.deepEqual([device.usableBytes, device.origin], [60 * GiB, 'reported']);
    assert.equal(appleDevice(display, 0, host, 600 * GiB).usableBytes, 64 * GiB);
  });

  it('is labelled with the memory of the machine', () => {
    const machine = {
      os: { platform: 'darwin', release: '24', container: false, wsl: false, loginNode: false },
      cpu: {
        model: 'Apple M1',
        physicalCores: 8,
        logicalCores: 8,
        isa: ['neon'],
        quotaCores: null,
        ceilings: appleDevice(display, 0, host, null).ceilings,
      },
      memory: {
        totalBytes: 8 * GiB,
        availableBytes: 4 * GiB,
        limitBytes: null,
        ratedBytesPerSecond: null,
        origin: 'reported',
      },
      devices: [
        appleDevice(
          { ...display, model: 'Apple M1' },
          0,
          { totalBytes: 8 * GiB, availableBytes: 4 * GiB },
          null,
        ),
      ],
    } as const;
    const target = localTarget(machine, 'local');
    assert.deepEqual([target.label, target.pools.length], ['M1 8GB', 1]);
  });

  it('assumes no more than was ever measured', () => {
    // Metal's recommended working set as read on an M3 with 16 GiB and an M5 Max with 128 GiB.
    assert.ok(appleShare(16 * GiB) * 16 <= 11.84);
    assert.ok(appleShare(128 * GiB) * 128 <= 107.52);
  });

  it('is no unified part on a Mac with a card', () => {
    const device = appleDevice(
      { model: 'AMD Radeon Pro 5500M', gpuCores: null, vramBytes: 8 * GiB },
      1,
      host,
      null,
    );
    assert.deepEqual([device.kind, device.vendor, device.usableBytes], ['discrete', 'amd', 8 * GiB]);
  });
});

describe('listedDevice', () => {
  it('marks what nobody reported', () => {
    const listed = {
      id: 'x',
      vendor: 'intel',
      name: 'Intel Arc B580',
      memoryBytes: null,
      integrated: false,
      source: 'pci',
    } as const;
    const device = listedDevice(listed, 0);
    assert.deepEqual(
      [device.catalogueId, device.usableBytes, device.origin],
      ['arc-b580', 11.5 * GiB, 'assumed'],
    );
    const exact = listedDevice({ ...listed, memoryBytes: 12_809_404_416 }, 0);
    assert.deepEqual(
      [exact.catalogueId, exact.usableBytes, exact.origin],
      ['arc-b580', 12_809_404_416, 'reported'],
    );
    const shared = listedDevice({ ...listed, name: 'Intel UHD Graphics 770', integrated: true }, 0);
    assert.deepEqual([shared.kind, shared.usableBytes, shared.catalogueId], ['integrated', null, null]);
  });
});
