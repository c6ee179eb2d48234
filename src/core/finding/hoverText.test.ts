import assert from 'node:assert/strict';
import { sampleResult, term } from '../../../test/finding/sampleResult';
import { GiB } from '../units/bytes';
import type { WhatIf, WhatIfRow } from './analysis';
import { hoverText } from './hoverText';

const row = (value: number, gib: number, verdict: WhatIfRow['verdict'], current = false): WhatIfRow => ({
  value,
  label: String(value),
  current,
  peakBytes: gib * GiB,
  verdict,
  edits: current ? null : [{ file: '/w/train.yaml', range: [18, 19], newText: String(value) }],
});

const whatIf: WhatIf = {
  path: 'training.microBatch',
  key: 'micro_batch_size',
  span: { start: 0, end: 16 },
  rows: [row(1, 9.3, 'fits'), row(2, 12.4, 'fits'), row(4, 18.6, 'tight'), row(8, 31, 'exceeds', true)],
  bytesEach: 3.1 * GiB,
  result: sampleResult({
    verdict: 'exceeds',
    peak: [29.2, 31, 32.9],
    terms: [
      term('weights', 5.7),
      term('activations', 9.8),
      term('logits', 10.5),
      term('adapters', 0.1),
      term('optimizerStates', 0.3),
      term('workspace', 0.02),
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
      'inference.kv': {
        origin: 'default',
        source: 'vLLM 0.11: auto',
        file: null,
        key: null,
        keySpan: null,
        valueSpan: null,
      },
    },
  }),
};

describe('hoverText', () => {
  it('shows the key, the table, the sum and what it rests on', () => {
    const links = { apply: (each: WhatIfRow) => `command:x?${each.label}`, explain: 'command:why' };
    assert.equal(
      hoverText(whatIf, links),
      [
        '**micro\\_batch\\_size** — 3.1 GiB each',
        '',
        '| value | peak | on RTX 4090 (23.5) |',
        '| --: | --: | :-: |',
        '| [1](command:x?1 "Write this value") | 9.3 | ✓ |',
        '| [2](command:x?2 "Write this value") | 12.4 | ✓ |',
        '| [4](command:x?4 "Write this value") | 18.6 | ✓ tight |',
        '| **8** | **31.0** | ✗ |',
        '',
        '31.0 GiB = weights 5.7 + activations 9.8 + logits 10.5 + adapters 0.1 + optimizer 0.3 + … (range 29.2–32.9)',
        '',
        'Default of axolotl 0.16 for optimizer; target from settings. [How is this computed?](command:why)',
      ].join('\n'),
    );
  });

  it('has no links where there is nothing to run them', () => {
    const text = hoverText(whatIf, { apply: () => null, explain: null });
    assert.ok(!text.includes(']('), text);
  });

  it('does not let a value of the file become a link, a cell or HTML', () => {
    const hostile: WhatIf = {
      ...whatIf,
      key: '[x](command:rooflens.runBenchmark) | <img src=x>',
      rows: [{ ...row(1, 9.3, 'fits'), label: '1](command:evil) "|<b>' }],
    };
    const text = hoverText(hostile, { apply: () => 'command:ours', explain: null });
    assert.ok(!text.includes('](command:rooflens.runBenchmark)'), text);
    assert.ok(text.includes('\\]\\(command:evil'), text);
    assert.ok(!/<(img|b)/.test(text), text);
    const cells = text.split('\n').find((line) => line.includes('command:ours'));
    assert.equal(cells?.match(/(?<!\\)\|/g)?.length, 4, cells);
  });
});
