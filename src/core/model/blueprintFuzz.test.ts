import assert from 'node:assert/strict';
import fc from 'fast-check';
import { knownArchitectures } from './architectures';
import { blueprintFromConfig } from './blueprintFromConfig';
import { classDefaults } from './classDefaults.generated';
import { parameterCount } from './parameters';
import { weightBytes } from './quantisation/weightBytes';

const keys = [
  ...new Set(Object.values(classDefaults).flatMap((entry) => Object.keys(entry.fields))),
  'text_config',
  'quantization_config',
  'torch_dtype',
  'id2label',
  'num_labels',
  '__proto__',
  'constructor',
];

const odd = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom<unknown>(-1, 0, 1, 7, 1.5, 1e6, 1e9, 1e308, -1e308, 2 ** 53, '32', true, null, [], {}),
  fc.integer({ min: 1, max: 64 }),
);

const configs = fc
  .tuple(
    fc.constantFrom(...knownArchitectures()),
    fc.dictionary(fc.constantFrom(...keys), odd, { maxKeys: 6 }),
  )
  .map(([name, fields]) => ({ ...fields, architectures: [name] }));

describe('blueprintFromConfig on anything', () => {
  it('answers every JSON value with a Blueprint or a reason', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const outcome = blueprintFromConfig(value);
        assert.ok(outcome.ok || outcome.reason !== '');
      }),
    );
  });

  it('never gives a number that is none, and is quick', () => {
    fc.assert(
      fc.property(configs, (config) => {
        const started = process.hrtime.bigint();
        const outcome = blueprintFromConfig(config);
        const milliseconds = Number(process.hrtime.bigint() - started) / 1e6;
        assert.ok(milliseconds < 3000, `${milliseconds} ms`);
        if (!outcome.ok) {
          assert.ok(outcome.reason !== '');
          for (const problem of outcome.problems) assert.ok(problem.expected !== '' && problem.key !== '');
          return;
        }
        const { blueprint } = outcome;
        const parameters = parameterCount(blueprint);
        assert.ok(Number.isSafeInteger(parameters) && parameters >= 0);
        for (const tensor of blueprint.tensors)
          assert.ok(tensor.shape.every((size) => Number.isSafeInteger(size) && size >= 0));
        const { total } = weightBytes(blueprint, blueprint.quantization);
        assert.ok(Number.isFinite(total) && total >= 0);
      }),
      { numRuns: 1500 },
    );
  });
});
