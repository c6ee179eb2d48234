import assert from 'node:assert/strict';
import fc from 'fast-check';
import { pseudoRandom } from './pseudoRandom';

describe('pseudoRandom', () => {
  it('is the same for the same seed, differs for another, and stays within its amplitude', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2 ** 31 }),
        fc.double({ min: 1e-3, max: 10, noNaN: true }),
        (seed, amplitude) => {
          const values = pseudoRandom(256, seed, amplitude);
          assert.deepEqual(values, pseudoRandom(256, seed, amplitude));
          assert.notDeepEqual(values, pseudoRandom(256, seed + 1, amplitude));
          assert.ok(values.every((value) => Math.abs(value) <= Math.fround(amplitude)));
        },
      ),
    );
  });

  it('has the mean and the variance of a uniform distribution', () => {
    const values = pseudoRandom(100_000, 7, 1);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + value * value, 0) / values.length;
    assert.ok(Math.abs(mean) < 0.01, `mean ${mean}`);
    assert.ok(Math.abs(variance - 1 / 3) < 0.01, `variance ${variance}`);
  });
});
