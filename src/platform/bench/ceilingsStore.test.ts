import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BenchReport, DeviceResult, TestResult } from '../../core/bench/benchReport';
import { engineName } from '../../core/bench/engine';
import { noCeilings, type Machine } from '../../core/hardware/device';
import { nothingStored } from '../../core/hardware/measuredCeilings';
import { defaultCeilingsFolder, loadCeilings, saveCeilings } from './ceilingsStore';
import { usableCores } from './usableCores';

function machine(driver: string | null = '550.54'): Machine {
  return {
    os: { platform: 'linux', release: '', container: false, wsl: false, loginNode: false },
    cpu: { model: 'CPU', physicalCores: 1, logicalCores: 2, isa: [], quotaCores: null, ceilings: noCeilings },
    memory: {
      totalBytes: 1,
      availableBytes: 1,
      limitBytes: null,
      ratedBytesPerSecond: null,
      origin: 'reported',
    },
    devices: [
      {
        id: 'GPU-1',
        index: 0,
        vendor: 'nvidia',
        name: 'NVIDIA L4',
        catalogueId: null,
        kind: 'discrete',
        totalBytes: null,
        usableBytes: null,
        freeBytes: null,
        computeCapability: null,
        driver,
        visible: true,
        processes: [],
        ceilings: noCeilings,
        origin: 'reported',
        source: 'nvidia-smi',
      },
    ],
  };
}

const common = { type: 'fp32', low: 1, samples: 10, high: 1e15 } as const;

function gemm(value: number, threads: number | null): TestResult {
  return { ...common, name: 'gemm', shape: [8, 8, 8], threads, value, unit: 'FLOP/s' };
}

function bandwidth(value: number, threads: number | null): TestResult {
  return { ...common, name: 'bandwidth', shape: [8], threads, value, unit: 'B/s' };
}

function report(...results: readonly Partial<DeviceResult>[]): BenchReport {
  return {
    schema: 1,
    startedAt: '2026-01-02T03:04:05.000Z',
    seconds: 1,
    quick: true,
    results: results.map((result) => ({
      device: 'cpu',
      engine: engineName('cpu'),
      adapter: { name: null, software: false },
      tests: [],
      skipped: [],
      ...result,
    })),
    comparison: [],
    warnings: [],
  };
}

const gpu: Partial<DeviceResult> = {
  device: 'gpu',
  engine: engineName('webgpu'),
  adapter: { name: 'NVIDIA L4', software: false },
  tests: [gemm(9e12, null), bandwidth(250e9, null)],
};

describe('ceilings store', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rooflens-store-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('gives back what was measured, per device, driver and engine', async () => {
    await saveCeilings(join(folder, 'new'), machine(), report({ tests: [gemm(2e11, 1)] }, gpu));
    const stored = await loadCeilings(join(folder, 'new'), machine());
    assert.deepEqual(stored, {
      cpu: { flops: { fp32: 2e11 } },
      devices: [
        {
          device: 'NVIDIA L4',
          kind: 'portable',
          figures: { bytesPerSecond: 250e9, flops: { fp32: 9e12 } },
        },
      ],
      measuredAt: '2026-01-02T03:04:05.000Z',
    });
    const updated = await loadCeilings(join(folder, 'new'), machine('560.1'));
    assert.deepEqual(updated.devices, []);
    assert.notEqual(updated.cpu, null);
    assert.deepEqual(await readdir(join(folder, 'new')), ['ceilings.json']);
  });

  it('knows nothing of figures of another version of the engine', async () => {
    const old = report({ engine: engineName('cpu', '1.0.0'), tests: [gemm(2e11, 1)] });
    await saveCeilings(folder, machine(), old);
    assert.deepEqual(await loadCeilings(folder, machine()), nothingStored);
  });

  it('keeps neither a software adapter nor a part of the CPU', async () => {
    const cores = usableCores(machine());
    const wide: Machine = { ...machine(), cpu: { ...machine().cpu, physicalCores: cores } };
    await saveCeilings(
      folder,
      wide,
      report(
        { ...gpu, adapter: { name: 'SwiftShader', software: true } },
        { tests: [gemm(2e11, Math.max(0, cores - 1))] },
      ),
    );
    assert.deepEqual(await loadCeilings(folder, wide), nothingStored);
    assert.deepEqual(await readdir(folder), []);
  });

  it('takes new figures and keeps those that were not measured again', async () => {
    await saveCeilings(folder, machine(), report({ tests: [gemm(2e11, 1), bandwidth(3e10, 1)] }, gpu));
    await saveCeilings(folder, machine(), report({ tests: [gemm(4e11, 1)] }));
    const stored = await loadCeilings(folder, machine());
    assert.deepEqual(stored.cpu, { flops: { fp32: 4e11 }, bytesPerSecond: 3e10 });
    assert.equal(stored.devices.length, 1);
  });

  it('takes a damaged file for none, and replaces it', async () => {
    const path = join(folder, 'ceilings.json');
    for (const text of [
      '',
      '{',
      'null',
      '{"layout":2,"entries":[]}',
      '{"layout":1,"entries":[{"device":"CPU"}]}',
      JSON.stringify({ layout: 1, entries: 'x'.repeat(100_000) }),
    ]) {
      await writeFile(path, text);
      assert.deepEqual(await loadCeilings(folder, machine()), nothingStored, text.slice(0, 40));
    }
    await saveCeilings(folder, machine(), report({ tests: [gemm(2e11, 1)] }));
    assert.deepEqual((await loadCeilings(folder, machine())).cpu, { flops: { fp32: 2e11 } });
    assert.ok((await readFile(path, 'utf8')).startsWith('{"layout":1'));
  });

  it('stays whole when several benchmarks end at once', async () => {
    await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        saveCeilings(folder, machine(), report({ tests: [gemm(1e11 + i, 1)] })),
      ),
    );
    const value = (await loadCeilings(folder, machine())).cpu?.flops?.fp32 ?? 0;
    assert.ok(value >= 1e11 && value < 1e11 + 8);
    assert.deepEqual(await readdir(folder), ['ceilings.json']);
  });

  it('lies in the cache folder that the system names', () => {
    assert.equal(defaultCeilingsFolder({ XDG_CACHE_HOME: '/x' }), join('/x', 'rooflens'));
    assert.match(defaultCeilingsFolder({ XDG_CACHE_HOME: '' }), /\.cache.rooflens$/u);
  });
});
