import assert from 'node:assert/strict';
import { noCeilings, type Ceilings, type Device, type Machine } from './device';
import { isSameDevice, nothingStored, withMeasuredCeilings, type StoredCeilings } from './measuredCeilings';

const catalogue: Ceilings = {
  bytesPerSecond: { value: 1008e9, origin: 'catalogue' },
  flops: { fp16: { value: 165e12, origin: 'catalogue' }, fp32: { value: 82e12, origin: 'catalogue' } },
  launchSeconds: null,
  linkBytesPerSecond: { value: 25e9, origin: 'reported' },
};

function device(name: string, change: Partial<Device> = {}): Device {
  return {
    id: name,
    index: 0,
    vendor: 'nvidia',
    name,
    catalogueId: null,
    kind: 'discrete',
    totalBytes: null,
    usableBytes: null,
    freeBytes: null,
    computeCapability: null,
    driver: null,
    visible: true,
    processes: [],
    ceilings: catalogue,
    origin: 'reported',
    source: 'nvidia-smi',
    ...change,
  };
}

function machine(...devices: readonly Device[]): Machine {
  return {
    os: { platform: 'linux', release: '', container: false, wsl: false, loginNode: false },
    cpu: { model: 'CPU', physicalCores: 2, logicalCores: 2, isa: [], quotaCores: null, ceilings: noCeilings },
    memory: {
      totalBytes: 1,
      availableBytes: 1,
      limitBytes: null,
      ratedBytesPerSecond: null,
      origin: 'reported',
    },
    devices,
  };
}

const stored: StoredCeilings = {
  cpu: { bytesPerSecond: 30e9, launchSeconds: 3e-7, flops: { fp32: 250e9 } },
  devices: [
    {
      device: 'NVIDIA GeForce RTX 4090',
      kind: 'portable',
      figures: { bytesPerSecond: 900e9, launchSeconds: 3e-5, flops: { fp32: 30e12 } },
    },
  ],
  measuredAt: null,
};

describe('measured ceilings', () => {
  it("set a CPU's compute and bandwidth, and a GPU's bandwidth and launch but never its compute", () => {
    const { cpu, devices } = withMeasuredCeilings(machine(device('NVIDIA GeForce RTX 4090')), stored);
    assert.deepEqual(cpu.ceilings.flops.fp32, { value: 250e9, origin: 'measured' });
    assert.deepEqual(cpu.ceilings.bytesPerSecond, { value: 30e9, origin: 'measured' });
    assert.deepEqual(devices[0]?.ceilings, {
      bytesPerSecond: { value: 900e9, origin: 'measured' },
      flops: catalogue.flops,
      launchSeconds: { value: 3e-5, origin: 'measured' },
      linkBytesPerSecond: catalogue.linkBytesPerSecond,
    });
  });

  it("let the user's own PyTorch set compute, and win over WebGPU", () => {
    const native = {
      device: 'NVIDIA GeForce RTX 4090',
      kind: 'native',
      figures: { bytesPerSecond: 950e9, flops: { bf16: 160e12 } },
    } as const;
    for (const devices of [
      [native, ...stored.devices],
      [...stored.devices, native],
    ]) {
      const measured = withMeasuredCeilings(machine(device('NVIDIA GeForce RTX 4090')), {
        ...stored,
        devices,
      });
      const ceilings = measured.devices[0]?.ceilings;
      assert.equal(ceilings?.bytesPerSecond?.value, 950e9);
      assert.deepEqual(ceilings.flops.bf16, { value: 160e12, origin: 'measured' });
      assert.deepEqual(ceilings.flops.fp16, catalogue.flops.fp16);
    }
  });

  it('change nothing where nothing was measured', () => {
    const before = machine(device('NVIDIA GeForce RTX 4090'));
    assert.deepEqual(withMeasuredCeilings(before, nothingStored), before);
  });

  it('go to the device that the driver named, and to no other', () => {
    const ti = device('NVIDIA GeForce RTX 4070 Ti');
    const plain = device('NVIDIA GeForce RTX 4070');
    assert.ok(isSameDevice('NVIDIA GeForce RTX 4070', plain, [plain, ti]));
    assert.ok(!isSameDevice('NVIDIA GeForce RTX 4070', ti, [plain, ti]));
    const radeon = device('AMD Radeon RX 7900 XTX', { vendor: 'amd' });
    assert.ok(isSameDevice('AMD Radeon RX 7900 XTX (RADV NAVI31)', radeon, [radeon]));
    assert.ok(isSameDevice('Intel(R) Arc(tm) A770 Graphics', device('Intel Arc A770'), []));
    assert.ok(!isSameDevice('Intel(R) UHD Graphics 630', plain, [plain]));
    const software = device('llvmpipe', { kind: 'software' });
    assert.ok(!isSameDevice('llvmpipe', software, [software]));
  });
});
