import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { adapterTitle, parseAdapterConfig } from './adapter';

const lora = {
  peft_type: 'LORA',
  base_model_name_or_path: 'org/base',
  r: 16,
  target_modules: ['q_proj', 'v_proj'],
};

describe('parseAdapterConfig', () => {
  it('reads what says how large an adapter is', () => {
    const outcome = parseAdapterConfig({ ...lora, use_dora: true, rank_pattern: { q_proj: 4 } });
    assert.ok(outcome.ok);
    assert.deepEqual(outcome.adapter, {
      type: 'LORA',
      base: 'org/base',
      lora: {
        rank: 16,
        targets: ['q_proj', 'v_proj'],
        excluded: [],
        layers: null,
        ranks: { q_proj: 4 },
        modulesToSave: [],
        dora: true,
      },
    });
    assert.equal(adapterTitle(outcome.adapter), 'DoRA of rank 16 on q_proj, v_proj');
  });

  it('keeps an adapter of another kind, of which the config does not say the size', () => {
    const outcome = parseAdapterConfig({ peft_type: 'PREFIX_TUNING', base_model_name_or_path: '' });
    assert.ok(outcome.ok);
    assert.deepEqual(outcome.adapter, { type: 'PREFIX_TUNING', base: null, lora: null });
    assert.equal(adapterTitle(outcome.adapter), '"PREFIX_TUNING" adapter');
  });

  it('answers whatever the values are, quickly', () => {
    const value = fc.oneof(
      fc.constantFrom('all-linear', '(a+)+$', '[', 2 ** 60, -1, null, [0, 1], { q_proj: 2 }),
      fc.jsonValue({ maxDepth: 2 }),
    );
    const keys = [
      'peft_type',
      'r',
      'target_modules',
      'exclude_modules',
      'layers_to_transform',
      'rank_pattern',
    ];
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...keys), value), (changes) => {
        const outcome = parseAdapterConfig({ ...lora, ...changes });
        if (!outcome.ok) assert.ok(outcome.reason.length > 0 && !outcome.reason.includes('\n'));
      }),
      { numRuns: 500 },
    );
    for (const nothing of [null, 3, 'x', []]) assert.equal(parseAdapterConfig(nothing).ok, false);
  });
});
