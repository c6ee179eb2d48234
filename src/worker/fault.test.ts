import assert from 'node:assert/strict';
import { failHere, parseFault } from './fault';

describe('fault', () => {
  it('is read from its variable', () => {
    assert.deepEqual(parseFault('load:SIGKILL'), { device: null, stage: 'load', action: 'SIGKILL' });
    assert.deepEqual(parseFault('gpu/warm-up:hang'), { device: 'gpu', stage: 'warm-up', action: 'hang' });
    for (const text of [undefined, '', 'load', 'load:', 'later:SIGKILL', 'load:SIGTERM', 'tpu/load:exit'])
      assert.equal(parseFault(text), null, text);
  });

  it('waits for its stage and its device', async () => {
    const fault = parseFault('gpu/load:hang');
    await failHere(fault, 'load', 'cpu');
    await failHere(fault, 'load', null);
    await failHere(fault, 'spawn', 'gpu');
    await failHere(null, 'load', 'gpu');
  });
});
