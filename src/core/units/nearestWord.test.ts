import assert from 'node:assert/strict';
import { nearestWord } from './nearestWord';

describe('nearestWord', () => {
  const keys = ['microBatch', 'sequenceLength', 'packing', 'precision', 'optimizer'];
  it('finds the word that was meant', () => {
    assert.equal(nearestWord('micro_batch', keys), 'microBatch');
    assert.equal(nearestWord('micorBatch', keys), 'microBatch');
    assert.equal(nearestWord('sequenceLenght', keys), 'sequenceLength');
    assert.equal(nearestWord('optimiser', keys), 'optimizer');
  });
  it('finds nothing where nothing is near', () => {
    assert.equal(nearestWord('banana', keys), null);
    assert.equal(nearestWord('', keys), null);
    assert.equal(nearestWord('x', []), null);
  });
});
