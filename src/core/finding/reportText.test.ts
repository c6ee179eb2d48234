import assert from 'node:assert/strict';
import { languageVariants, sampleResult, term } from '../../../test/finding/sampleResult';
import { GiB } from '../units/bytes';
import { reportText } from './reportText';

const result = sampleResult({
  verdict: 'exceeds',
  peak: [29.2, 31, 32.9],
  terms: [term('weights', 5.7), term('logits', 10.5)],
  remedies: [
    {
      title: 'Checkpoint activations → 19.4 of 23.5 GiB',
      set: { 'training.gradientCheckpointing': 'full' },
      changesResults: false,
      verdict: 'fits',
      expectedBytes: 19.4 * GiB,
      edits: [],
    },
  ],
  origins: {
    'training.optimizer': {
      origin: 'default',
      source: 'axolotl 0.16: adamw_torch_fused',
      file: null,
      key: null,
      keySpan: null,
      valueSpan: null,
    },
  },
});

describe('reportText', () => {
  const text = reportText({
    file: 'train.yaml',
    title: 'axolotl',
    jobs: [{ result, variants: null, targets: [{ target: '1 x H100', result: sampleResult() }] }],
  });

  it('opens with the line of the lens', () => {
    assert.match(text, /^# train\.yaml\n\naxolotl\n\n\*\*⚠ Needs 31\.0 of 23\.5 GiB/);
  });

  it('lists the terms with their origin, and their peak', () => {
    assert.match(text, /\| weights \| 5\.7 \| 5\.7 \| 5\.7 \| formula \|/);
    assert.match(text, /\| \*\*peak\*\* \| \*\*31\.0\*\* \| 29\.2–32\.9 \|/);
  });

  it('lists what to change and whether that changes results', () => {
    assert.match(text, /\| Checkpoint activations → 19\.4 of 23\.5 GiB \| 19\.4 \| fits \| no \|/);
  });

  it('answers for other hardware and says what was left open', () => {
    assert.match(text, /\| 1 x H100 \| fits \| 17\.8 \| 23\.5 \| ~2\.1k tokens\/s \|/);
    assert.match(text, /- training\.optimizer: axolotl 0\.16: adamw\\_torch\\_fused/);
  });

  it('gives a bare model one table of memory for each use', () => {
    const bare = reportText({
      file: 'config.json',
      title: 'Hugging Face model',
      jobs: [{ result, variants: languageVariants(result, result, result), targets: [] }],
    });
    assert.equal(bare.match(/^### Memory to /gm)?.length, 3);
  });
});
