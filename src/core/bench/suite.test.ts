import assert from 'node:assert/strict';
import type { GpuAdapter } from './adapter';
import type { BenchAdapter, TestResult } from './benchReport';
import type { Engine } from './engine';
import type { OnnxModel } from './onnxModel';
import { engineRefusal, runSuite, type BenchJob, type Surroundings } from './suite';
import { workloads } from './workloads';

/** Operations in the chain and elements of the first constant: enough to tell how long a device would take. */
function read(model: OnnxModel): { chain: number; product: boolean; elements: number } {
  const text = Buffer.from(model.bytes).toString('latin1');
  const product = text.includes('MatMul');
  const values = [...text.matchAll(/c(\d+)/gu)].map((match) => Number(match[1]));
  const start = model.externalData.find(({ path }) => path === 'start');
  const chain = Math.max(...values) - (product ? 0 : 1);
  return { chain, product, elements: (start?.data.length ?? 0) / 4 };
}

function device(flops: number, factor = 1, bytesPerSecond = 30e9): Engine {
  return {
    open: (model) => {
      const { chain, product, elements } = read(model);
      const operation = product
        ? (2 * elements ** 1.5) / flops
        : elements === 256
          ? 1e-6
          : (3 * 64 * 2 ** 20) / bytesPerSecond;
      return Promise.resolve({
        run: (scalar) => Promise.resolve({ seconds: 1e-5 + chain * operation, value: scalar * factor }),
        release: () => Promise.resolve(),
      });
    },
    placement: () => Promise.resolve({ here: 5, elsewhere: 1 }),
  };
}

const discrete: GpuAdapter = { name: 'NVIDIA GeForce RTX 4090', type: 'discrete' };
const software: GpuAdapter = { name: 'SwiftShader Device (Subzero)', type: 'cpu' };

const gpuJob: BenchJob = {
  device: 'gpu',
  quick: true,
  threads: 2,
  cacheBytes: null,
  memoryBytes: 8e9,
  budgetSeconds: 10,
};
const cpuJob: BenchJob = { ...gpuJob, device: 'cpu', cacheBytes: 1e6, memoryBytes: 3e9 };

function around(change: Partial<Surroundings> = {}): Surroundings {
  return {
    engineVersion: '9.9.9',
    cpu: (threads) => device(threads * 1e11),
    gpu: device(3e11),
    adapters: [discrete],
    elapsed: () => 0,
    onProgress: () => Promise.resolve(),
    onAdapter: () => Promise.resolve(),
    onTest: () => Promise.resolve(),
    ...change,
  };
}

describe('suite', () => {
  it('measures everything on a CPU, with one thread too where there is time', async () => {
    const told: TestResult[] = [];
    const quick = await runSuite(
      cpuJob,
      around({
        onTest: (test) => {
          told.push(test);
          return Promise.resolve();
        },
      }),
    );
    assert.deepEqual(told, quick.tests);
    assert.equal(quick.engine, 'onnxruntime 9.9.9 cpu');
    assert.deepEqual(
      quick.tests.map(({ name, threads }) => [name, threads]),
      [
        ['gemm', 2],
        ['launch', 2],
        ['bandwidth', 2],
      ],
    );
    assert.ok(Math.abs((quick.tests[0]?.value ?? 0) / 2e11 - 1) < 1e-6);
    assert.deepEqual(quick.skipped, []);
    const full = await runSuite({ ...cpuJob, quick: false }, around());
    assert.deepEqual(
      full.tests.map(({ threads }) => threads),
      [2, 2, 2, 1, 1, 1],
    );
  });

  it('measures a real GPU and names its adapter', async () => {
    const told: BenchAdapter[] = [];
    const result = await runSuite(
      gpuJob,
      around({
        onAdapter: (adapter) => {
          told.push(adapter);
          return Promise.resolve();
        },
      }),
    );
    assert.deepEqual(result.adapter, { name: discrete.name, software: false });
    assert.deepEqual(told, [result.adapter]);
    assert.equal(result.tests.length, workloads.length);
    assert.ok(
      result.tests.every(({ threads, valueDifference }) => threads === null && valueDifference === 0),
    );
  });

  it('gives a software adapter one small check and says why not more', async () => {
    const result = await runSuite(gpuJob, around({ adapters: [software], gpu: device(1e9) }));
    assert.deepEqual(result.adapter, { name: software.name, software: true });
    assert.deepEqual(
      result.tests.map(({ name, shape }) => [name, ...shape]),
      [['gemm', 64, 64, 64]],
    );
    assert.deepEqual(
      result.skipped.map(({ name }) => name),
      ['launch', 'bandwidth'],
    );
    assert.match(result.skipped[0]?.reason ?? '', /software adapter/u);
  });

  it('takes a GPU that is ten times slower than one core for a software adapter', async () => {
    for (const adapters of [null, [discrete]]) {
      const result = await runSuite(gpuJob, around({ adapters, gpu: device(5e9) }));
      assert.equal(result.adapter.software, true);
      assert.match(result.skipped[0]?.reason ?? '', /20 times slower than one core/u);
    }
    const weak = await runSuite(gpuJob, around({ gpu: device(2e10) }));
    assert.equal(weak.adapter.software, false);
  });

  it('shows no speed of a GPU that computes something else', async () => {
    const result = await runSuite(gpuJob, around({ gpu: device(3e11, 1.5) }));
    assert.deepEqual(result.tests, []);
    assert.equal(result.skipped.length, workloads.length);
  });

  it('says that nothing was measured where the engine finds no adapter, or quietly computes on the CPU', async () => {
    const none: Engine = {
      ...device(1e12),
      placement: () =>
        Promise.reject(
          new Error(
            '/src/webgpu_context.cc:136 f() was false. Failed to get a WebGPU adapter: No supported adapters\n',
          ),
        ),
    };
    const missing = await runSuite(gpuJob, around({ gpu: none }));
    assert.deepEqual(missing.adapter, { name: null, software: false });
    assert.equal(missing.skipped.length, workloads.length);
    assert.match(missing.skipped[0]?.reason ?? '', /^no GPU can be used through WebGPU/u);

    const elsewhere = { ...device(1e12), placement: () => Promise.resolve({ here: 0, elsewhere: 6 }) };
    const fallen = await runSuite(gpuJob, around({ gpu: elsewhere }));
    assert.deepEqual(fallen.tests, []);
    assert.match(fallen.skipped[0]?.reason ?? '', /on the CPU/u);
  });

  it('keeps the other tests when one fails, and begins none after its time', async () => {
    const half = device(1e11);
    const failing: Engine = {
      ...half,
      open: (model) => (read(model).product ? Promise.reject(new Error('out of memory')) : half.open(model)),
    };
    const partly = await runSuite(cpuJob, around({ cpu: () => failing }));
    assert.deepEqual(partly.skipped, [
      { name: 'gemm', type: 'fp32', reason: 'the engine refused: out of memory' },
    ]);
    assert.equal(partly.tests.length, workloads.length - 1);
    const late = await runSuite(cpuJob, around({ elapsed: () => 11 }));
    assert.deepEqual(late.tests, []);
    assert.match(late.skipped[0]?.reason ?? '', /used up/u);
  });

  it('turns errors of the engine into one short sentence', () => {
    assert.equal(
      engineRefusal(new Error('a.cc:1 f() x was false. Program Cast requires f16\n but the device')),
      'the engine refused: Program Cast requires f16 but the device',
    );
    assert.ok(engineRefusal('x'.repeat(5000)).length < 300);
  });
});
