import assert from 'node:assert/strict';
import { nearestNames, relativeDistance } from './nearest';

describe('nearestNames', () => {
  it('counts edits, not case or punctuation', () => {
    assert.deepEqual(nearestNames('Micro-Batch', ['sequence_length', 'microBatch', 'macroBatch'], 2), [
      'microBatch',
      'macroBatch',
    ]);
  });

  it('measures from equal to nothing in common', () => {
    assert.equal(relativeDistance('abc', 'abc'), 0);
    assert.equal(relativeDistance('abc', 'xyz'), 1);
    assert.equal(relativeDistance('', ''), 0);
    assert.equal(relativeDistance('kitten', 'sitting'), 3 / 7);
  });
});
