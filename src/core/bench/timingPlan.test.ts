import assert from 'node:assert/strict';
import fc from 'fast-check';
import { longChain, nextSize, quickPlan } from './timingPlan';
import { bandwidth, gemm, launch } from './workloads';

const MiB = 2 ** 20;
const free = { wantedBytes: null, allowedBytes: Infinity };

describe('timing plan', () => {
  it('goes to the largest size that the speed allows', () => {
    // 200 GFLOP/s: 1024 takes 11 ms, 2048 would take 86 ms.
    const at = (n: number): number => (2 * n ** 3) / 200e9;
    assert.equal(nextSize(gemm, 256, at(256), quickPlan, free), 1024);
    assert.equal(nextSize(gemm, 1024, at(1024), quickPlan, free), null);
    // A small board keeps the smallest.
    assert.equal(nextSize(gemm, 256, (2 * 256 ** 3) / 2e9, quickPlan, free), null);
    assert.equal(nextSize(launch, 256, 1e-6, quickPlan, free), null);
  });

  it('stops growing once the cache is left behind, or where memory ends', () => {
    const [smallest = 0, second = 0, third = 0] = bandwidth.sizes;
    const at = (wantedBytes: number | null, allowedBytes: number): number | null =>
      nextSize(bandwidth, smallest, 1e-4, quickPlan, { wantedBytes, allowedBytes });
    assert.equal(at(null, Infinity), third);
    assert.equal(at(40 * MiB, Infinity), null);
    assert.equal(at(100 * MiB, Infinity), second);
    assert.equal(at(200 * MiB, 130 * MiB), second);
  });

  it('makes the long chain at least three operations and keeps a run within its bound where that allows', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-7, max: 0.5, noNaN: true }),
        fc.double({ min: 0, max: 0.2, noNaN: true }),
        (operation, overhead) => {
          const chain = longChain(gemm, overhead + operation, operation, quickPlan);
          assert.ok(chain >= 3 && chain <= gemm.longestChain && Number.isInteger(chain));
          if (chain > 3) assert.ok(overhead + chain * operation <= quickPlan.runSeconds * 1.000001);
        },
      ),
    );
  });
});
