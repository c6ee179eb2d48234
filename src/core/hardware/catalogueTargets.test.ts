import assert from 'node:assert/strict';
import { catalogueTargets } from './catalogueTargets';
import { resolveTarget } from './resolveTarget';

describe('catalogueTargets', () => {
  const targets = catalogueTargets();

  it('offers names of the target grammar, each once', () => {
    assert.ok(targets.length > 150, String(targets.length));
    assert.equal(new Set(targets.map(({ target }) => target)).size, targets.length);
    for (const { target, label } of targets) {
      const resolution = resolveTarget(target, { machine: null, choice: 'chosen' });
      assert.ok(resolution.ok, `${target} does not resolve`);
      assert.equal(resolution.target.label, label, target);
    }
  });

  it('says how much memory there is and how fast it is', () => {
    const found = targets.find(({ label }) => label === 'RTX 4090');
    assert.equal(found?.detail, '24 GB, 1008 GB/s, 2022');
  });
});
