import assert from 'node:assert/strict';
import { isAtLeast } from './engineVersion';

describe('isAtLeast', () => {
  it('compares major, then minor', () => {
    assert.equal(isAtLeast('5.15.0', 5, 15), true);
    assert.equal(isAtLeast('5.9.2', 5, 15), false);
    assert.equal(isAtLeast('v6', 5, 15), true);
    assert.equal(isAtLeast('4.57.1', 5, 15), false);
  });

  it('takes what it cannot read for the newest', () => {
    assert.equal(isAtLeast(null, 5, 15), true);
    assert.equal(isAtLeast('main', 5, 15), true);
  });
});
