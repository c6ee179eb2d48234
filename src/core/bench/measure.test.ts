import assert from 'node:assert/strict';
import type { Engine } from './engine';
import { measure, operationSeconds, type MeasureOptions } from './measure';
import { quickPlan } from './timingPlan';
import type { Workload } from './workloads';

/** A workload whose model tells its size and chain. */
const workload: Workload = {
  name: 'gemm',
  type: 'fp32',
  unit: 'FLOP/s',
  sizes: [1, 10, 100, 1000],
  longestChain: 64,
  plainIsTold: true,
  shape: (size) => [size],
  work: (size) => size * 1e6,
  tensorBytes: (size) => size * 1e6,
  build: (size, chain) => ({ bytes: Uint8Array.of(Math.log10(size), chain), externalData: [] }),
};

interface Simulation {
  readonly rate: number;
  readonly dispatch: number;
  readonly factor?: number;
  readonly refusesFrom?: number;
}

/** Computes in no time what a device of the given rate would take, with 10 % more every third run. */
function simulated({ rate, dispatch, factor = 1, refusesFrom = Infinity }: Simulation): {
  engine: Engine;
  open: () => number;
  runs: () => number;
  longest: () => number;
} {
  let opened = 0;
  let runs = 0;
  let longest = 0;
  const engine: Engine = {
    open: ({ bytes }) => {
      const [exponent = 0, chain = 0] = bytes;
      const size = 10 ** exponent;
      if (size >= refusesFrom) return Promise.reject(new Error('buffer too large'));
      opened++;
      return Promise.resolve({
        run: (scalar) => {
          runs++;
          const seconds =
            (dispatch + (chain * workload.work(size)) / rate) * (runs % 3 === 0 && runs > 30 ? 1.1 : 1);
          longest = Math.max(longest, seconds);
          return Promise.resolve({ seconds, value: scalar * size * factor });
        },
        release: () => {
          opened--;
          return Promise.resolve();
        },
      });
    },
    placement: () => Promise.resolve({ here: 1, elsewhere: 0 }),
  };
  return { engine, open: () => opened, runs: () => runs, longest: () => longest };
}

function options(change: Partial<MeasureOptions> = {}): MeasureOptions {
  return {
    plan: quickPlan,
    threads: 2,
    cacheBytes: null,
    memoryBytes: null,
    reference: null,
    onProgress: () => Promise.resolve(),
    ...change,
  };
}

describe('measure', () => {
  it('finds the rate whatever a dispatch costs', async () => {
    for (const dispatch of [0, 1e-5, 1e-3, 1e-2]) {
      const device = simulated({ rate: 1e10, dispatch });
      const { test } = await measure(workload, device.engine, options());
      assert.ok(test !== null);
      assert.ok(Math.abs(test.value / 1e10 - 1) < 0.01, `${test.value}`);
      assert.ok(test.low <= test.value && test.value <= test.high);
      assert.deepEqual(test.shape, [100]);
      assert.equal(test.threads, 2);
      assert.ok(test.samples >= quickPlan.minimumRuns);
      assert.ok(device.longest() <= quickPlan.runSeconds * 1.2);
      assert.equal(device.open(), 0, 'sessions left open');
      // 10 ms an operation: ten of dispatch more than double it.
      assert.equal(test.plain !== undefined, dispatch === 1e-2);
    }
  });

  it('is content with fewer samples where every run takes far longer than planned', async () => {
    const slow = simulated({ rate: 1e6, dispatch: 0 });
    const { test } = await measure(workload, slow.engine, options());
    assert.equal(test?.samples, quickPlan.minimumRuns / 2);
    assert.deepEqual(test.shape, [1]);
  });

  it('keeps the size before the one that a device refuses, and the smallest where memory is short', async () => {
    const refusing = simulated({ rate: 1e10, dispatch: 0, refusesFrom: 100 });
    assert.deepEqual((await measure(workload, refusing.engine, options())).test?.shape, [10]);
    assert.equal(refusing.open(), 0);
    const roomy = simulated({ rate: 1e10, dispatch: 0 });
    const short = options({ memoryBytes: 32 * 5e6 });
    assert.deepEqual((await measure(workload, roomy.engine, short)).test?.shape, [1]);
  });

  it('shows no speed where the values differ from the reference or are none', async () => {
    const reference = simulated({ rate: 1e9, dispatch: 0 }).engine;
    const wrong = simulated({ rate: 1e12, dispatch: 0, factor: 1.01 });
    const differing = await measure(workload, wrong.engine, options({ reference }));
    assert.equal(differing.test, null);
    assert.match(differing.reason, /differ from the CPU's by 1\.0 %/u);
    assert.equal(wrong.open(), 0);
    for (const factor of [NaN, Infinity, 0]) {
      const none = simulated({ rate: 1e12, dispatch: 0, factor });
      assert.match((await measure(workload, none.engine, options())).reason ?? '', /computed value/u);
    }
    const right = simulated({ rate: 1e12, dispatch: 0, factor: 1 + 1e-6 });
    const { test } = await measure(workload, right.engine, options({ reference }));
    assert.ok(Math.abs((test?.valueDifference ?? 0) - 1e-6) < 1e-9);
  });

  it('closes what it opened when the engine fails', async () => {
    const failing = simulated({ rate: 1e10, dispatch: 0, refusesFrom: 0 });
    await assert.rejects(measure(workload, failing.engine, options()), /buffer too large/u);
    assert.equal(failing.open(), 0);
  });

  it('tells its stages in order, up to the end', async () => {
    const told: [string, number][] = [];
    await measure(
      workload,
      simulated({ rate: 1e10, dispatch: 0 }).engine,
      options({
        onProgress: (stage, fraction) => {
          told.push([stage, fraction]);
          return Promise.resolve();
        },
      }),
    );
    const fractions = told.map(([, fraction]) => fraction);
    assert.deepEqual(
      fractions,
      [...fractions].sort((a, b) => a - b),
    );
    assert.ok(fractions.every((fraction) => fraction >= 0 && fraction <= 1));
    assert.deepEqual([...new Set(told.map(([stage]) => stage))], ['warm-up', 'measuring']);
  });

  it('estimates one operation from a few runs', async () => {
    const device = simulated({ rate: 1e10, dispatch: 1e-3 });
    const seconds = await operationSeconds(workload, device.engine, 100);
    assert.ok(Math.abs(seconds - 0.01) < 1e-9);
    assert.ok(device.runs() < 10);
    assert.equal(device.open(), 0);
  });
});
