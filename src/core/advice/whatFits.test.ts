import assert from 'node:assert/strict';
import fc from 'fast-check';
import { settingAt, withSettings } from './jobSettings';
import { jobDocument } from '../../../test/estimate/jobDocument';
import { largestFitting } from './whatFits';

describe('largestFitting', () => {
  it('finds the largest value of any threshold with few questions', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1 << 22 }),
        fc.integer({ min: 0, max: 1 << 22 }),
        (most, limit) => {
          let questions = 0;
          const found = largestFitting(most, (value) => {
            questions++;
            assert.ok(value >= 1 && value <= most);
            return value <= limit;
          });
          assert.equal(found, limit < 1 ? null : Math.min(most, limit));
          assert.ok(questions <= 50);
        },
      ),
    );
  });
});

describe('withSettings', () => {
  it('sets dotted paths and leaves the document alone', () => {
    const job = jobDocument();
    const changed = withSettings(job, {
      'training.microBatch': 7,
      'models.0.quantization': { method: 'bnb-nf4' },
      'inference.kv.k': 'q8_0',
    });
    assert.equal(changed.training.microBatch, 7);
    assert.deepEqual(changed.models[0]?.quantization, { method: 'bnb-nf4' });
    assert.deepEqual(changed.inference.kv, { k: 'q8_0', v: job.inference.kv.v });
    assert.equal(job.training.microBatch, 1);
    assert.equal(settingAt(changed, 'training.microBatch'), 7);
    assert.equal(settingAt(changed, 'training.none.such'), undefined);
  });
});
