import assert from 'node:assert/strict';
import { GiB } from '../units/bytes';
import { noCeilings } from './device';
import type { Device, Machine } from './device';
import { cpuTarget, localTarget, targetFromReport } from './localTarget';
import { resolveTarget } from './resolveTarget';
import { deviceBudget, deviceCount, hostPool } from './target';

function device(changes: Partial<Device>): Device {
  return {
    id: 'GPU-0',
    index: 0,
    vendor: 'nvidia',
    name: 'NVIDIA GeForce RTX 4090',
    catalogueId: 'rtx4090',
    kind: 'discrete',
    totalBytes: 24 * GiB,
    usableBytes: 23.5 * GiB,
    freeBytes: 20 * GiB,
    computeCapability: '8.9',
    driver: '595.80',
    visible: true,
    processes: [],
    ceilings: noCeilings,
    origin: 'reported',
    source: 'nvidia-smi',
    ...changes,
  };
}

function machine(devices: readonly Device[], memory: Partial<Machine['memory']> = {}): Machine {
  return {
    os: { platform: 'linux', release: '6.1', container: false, wsl: false, loginNode: false },
    cpu: {
      model: 'Example CPU',
      physicalCores: 8,
      logicalCores: 16,
      isa: ['avx2'],
      quotaCores: null,
      ceilings: noCeilings,
    },
    memory: {
      totalBytes: 64 * GiB,
      availableBytes: 50 * GiB,
      limitBytes: null,
      ratedBytesPerSecond: null,
      origin: 'reported',
      ...memory,
    },
    devices,
  };
}

describe('localTarget', () => {
  it('takes the GPUs, equal ones in one pool, and the host beside them', () => {
    const target = localTarget(machine([device({}), device({ id: 'GPU-1', freeBytes: 3 * GiB })]), 'local');
    assert.equal(target.label, '2 × RTX 4090');
    assert.equal(deviceCount(target), 2);
    assert.equal(deviceBudget(target), 23.5 * GiB);
    assert.equal(target.pools[0]?.freeBytes, 3 * GiB);
    assert.equal(hostPool(target)?.usableBytes, 50 * GiB);
    assert.equal(target.cpuOnly, false);
  });

  it('does not say what is free when one driver does not', () => {
    const target = localTarget(machine([device({}), device({ id: 'GPU-1', freeBytes: null })]), 'local');
    assert.equal(target.pools[0]?.freeBytes, null);
  });

  it('leaves out hidden, software, integrated and tiny devices', () => {
    for (const changes of [
      { visible: false },
      { kind: 'software' },
      { kind: 'integrated' },
      { usableBytes: null },
      { usableBytes: 67_108_864 },
    ] as const) {
      const target = localTarget(machine([device(changes)]), 'fallback');
      assert.equal(target.cpuOnly, true, JSON.stringify(changes));
      assert.equal(target.label, 'CPU');
    }
  });

  it('takes one vendor, the one with the most memory', () => {
    const radeon = device({
      id: 'amd',
      vendor: 'amd',
      name: 'Radeon RX 7600',
      catalogueId: 'rx7600',
      usableBytes: 8 * GiB,
    });
    assert.equal(localTarget(machine([radeon, device({})]), 'local').label, 'RTX 4090');
  });

  it('takes the largest MIG instance alone', () => {
    const slice = (id: string, gib: number): Device =>
      device({ id, kind: 'mig', name: `NVIDIA H100 80GB HBM3 MIG ${id}`, usableBytes: gib * GiB });
    const target = localTarget(machine([slice('1g.10gb', 9.75), slice('3g.40gb', 39.5)]), 'local');
    assert.equal(deviceCount(target), 1);
    assert.equal(deviceBudget(target), 39.5 * GiB);
  });

  it('gives a unified part one pool for host and device', () => {
    const spark = device({
      name: 'NVIDIA GB10',
      catalogueId: 'gb10',
      kind: 'unified',
      usableBytes: 121 * GiB,
    });
    const target = localTarget(machine([spark]), 'local');
    assert.deepEqual(
      target.pools.map((pool) => pool.kind),
      ['unified'],
    );
    assert.equal(hostPool(target)?.name, 'NVIDIA GB10');
    assert.equal(target.label, 'GB10');
  });
});

describe('cpuTarget', () => {
  it('has what is available within the limit of the container', () => {
    assert.equal(deviceBudget(cpuTarget(machine([]), 'chosen')), 50 * GiB);
    const limited = cpuTarget(machine([], { limitBytes: 8 * GiB }), 'chosen');
    assert.equal(deviceBudget(limited), 8 * GiB);
    assert.equal(limited.pools[0]?.totalBytes, 8 * GiB);
  });

  it('takes the rated bandwidth of the modules where nothing was measured', () => {
    const [pool] = cpuTarget(machine([], { ratedBytesPerSecond: 76.8e9 }), 'chosen').pools;
    assert.deepEqual(pool?.ceilings.bytesPerSecond, { value: 76.8e9, origin: 'formula' });
  });
});

describe('auto, local and cpu', () => {
  const withGpu = { machine: machine([device({})]), choice: 'chosen' } as const;
  const without = { machine: machine([]), choice: 'chosen' } as const;

  it('say who chose', () => {
    for (const [text, context, choice, cpuOnly] of [
      ['auto', withGpu, 'local', false],
      ['auto', without, 'fallback', true],
      ['local', without, 'chosen', true],
      ['cpu', withGpu, 'chosen', true],
    ] as const) {
      const resolution = resolveTarget(text, context);
      assert.ok(resolution.ok);
      assert.deepEqual([resolution.target.choice, resolution.target.cpuOnly], [choice, cpuOnly], text);
    }
  });

  it('can be joined: a catalogue card in this machine', () => {
    const resolution = resolveTarget('rtx3060 + cpu', withGpu);
    assert.ok(resolution.ok);
    assert.deepEqual(
      resolution.target.pools.map((pool) => pool.kind),
      ['device', 'host'],
    );
    assert.equal(resolution.target.cpuOnly, false);
  });

  it('come from a hardware document as from the machine itself', () => {
    const report = { schema: 1, machine: machine([device({})]), clusters: [], probes: [] } as const;
    assert.deepEqual(targetFromReport(report, 'chosen'), localTarget(report.machine, 'chosen'));
  });
});
