import assert from 'node:assert/strict';
import fc from 'fast-check';
import { differentialTime, median, quantile } from './statistics';

describe('quantile', () => {
  it('interpolates between order statistics', () => {
    assert.equal(median([3, 1, 2]), 2);
    assert.equal(median([4, 1, 2, 3]), 2.5);
    assert.equal(quantile([10, 20, 30, 40, 50], 0.1), 14);
    assert.ok(Number.isNaN(median([])));
  });
});

describe('differentialTime', () => {
  it('cancels what both chains share, whatever that is', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-7, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 10, noNaN: true }),
        fc.integer({ min: 2, max: 128 }),
        (operation, shared, chain) => {
          const time = differentialTime(
            { chain: 1, seconds: Array<number>(10).fill(shared + operation) },
            { chain, seconds: Array<number>(10).fill(shared + chain * operation) },
          );
          assert.ok(time !== null);
          // The subtraction costs digits where the shared part is far larger.
          assert.ok(Math.abs(time.median - operation) <= operation * 1e-6 + (shared + 1) * 1e-14);
        },
      ),
    );
  });

  it('keeps the median between its ends under any noise, and says when there is nothing to tell apart', () => {
    const seconds = fc.array(fc.double({ min: 1e-6, max: 1, noNaN: true }), { minLength: 10, maxLength: 30 });
    fc.assert(
      fc.property(seconds, seconds, (short, long) => {
        const time = differentialTime({ chain: 1, seconds: short }, { chain: 5, seconds: long });
        if (time === null) assert.ok(median(long) <= median(short));
        else assert.ok(0 < time.fastest && time.fastest <= time.median && time.median <= time.slowest);
      }),
    );
  });
});
