import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { blueprintFromDescription, descriptionOf } from '../descriptions/index';
import { kerasModel } from '../descriptions/kerasModel';
import { parameterCount } from '../parameters';

interface Recording {
  readonly library: string;
  readonly answers: readonly {
    readonly label: string;
    readonly config: Readonly<Record<string, unknown>>;
    readonly parameters: number;
    readonly weights: readonly (readonly [name: string, shape: readonly number[], dtype: string])[];
  }[];
}

const { library, answers } = JSON.parse(
  gunzipSync(readFileSync('test/fixtures/keras/models.json.gz')).toString('utf8'),
) as Recording;

const dtypes: Readonly<Record<string, string>> = { float32: 'f32', bfloat16: 'bf16', int32: 'i32' };

function layer(
  className: string,
  config: object,
  inputShape: unknown = [null, 4],
  module = 'keras.layers',
): object {
  const built = inputShape === null ? {} : { build_config: { input_shape: inputShape } };
  return {
    module,
    class_name: className,
    config: { name: 'one', ...config },
    registered_name: null,
    ...built,
  };
}

function sequential(...layers: readonly unknown[]): Record<string, unknown> {
  return {
    module: 'keras',
    class_name: 'Sequential',
    config: { name: 'model', layers },
    registered_name: 'Sequential',
  };
}

function reason(...layers: readonly unknown[]): string {
  const outcome = blueprintFromDescription(sequential(...layers));
  assert.ok(!outcome.ok);
  assert.ok(!outcome.reason.includes('\n'));
  return outcome.reason;
}

describe(`Keras models as ${library} builds them`, () => {
  for (const { label, config, parameters, weights } of answers)
    it(label, () => {
      assert.equal(descriptionOf(config)?.kind, 'keras-model');
      const outcome = blueprintFromDescription(config);
      assert.ok(outcome.ok, outcome.ok ? '' : outcome.reason);
      const { blueprint } = outcome;
      const found = blueprint.tensors.map(({ name, shape, dtype }) => [
        name,
        shape,
        dtype ?? blueprint.dtype,
      ]);
      const expected = weights.map(([name, shape, dtype]) => [name, shape, dtypes[dtype]]);
      const byName = (one: readonly unknown[], next: readonly unknown[]): number =>
        String(one[0]) < String(next[0]) ? -1 : 1;
      assert.deepEqual(found.sort(byName), expected.sort(byName));
      assert.equal(parameterCount(blueprint), parameters);
    });
});

describe('Keras models that cannot be counted', () => {
  it('names the layer and why', () => {
    const cases: readonly (readonly [layer: unknown, sentence: RegExp])[] = [
      [
        layer('Dense', { units: 3 }, null),
        /^layer "one" \(Dense\) was saved before it was built: its input_shape is not known$/,
      ],
      [layer('Dense', { units: -3 }), /^units of layer "one" \(Dense\) is -3, expected a positive integer$/],
      [
        layer('Dense', { units: 2 ** 60 }),
        /^units of layer "one" \(Dense\) is 1152921504606847000, expected a positive integer$/,
      ],
      [layer('Dense', { units: 3 }, [null, null]), /was built without a size of axis -1$/],
      [
        layer('Dense', { units: 3 }, 'wide'),
        /^input_shape of layer "one" \(Dense\) is "wide", expected a shape$/,
      ],
      [
        layer('Dense', { units: 3, dtype: { config: { name: 'int8_from_float32' } } }),
        /^dtype of layer "one" \(Dense\) is "int8_from_float32"/,
      ],
      [layer('Dense', { units: 3, lora_rank: 8 }), /has LoRA weights, which are not known$/],
      [
        layer('Mystery', {}, [null, 4], 'my.package'),
        /^layer "one" \(Mystery\) is not known: its weights are not counted$/,
      ],
      [layer('SpectralNormalization', {}), /^layer "one" \(SpectralNormalization\) is not known/],
      [
        layer('Conv2D', { filters: 4, kernel_size: [3] }, [null, 8, 8, 3]),
        /^kernel_size of layer "one" \(Conv2D\) is \[3\], expected 2 positive integers$/,
      ],
      [
        layer('Conv2D', { filters: 4, kernel_size: 3, groups: 2 }, [null, 8, 8, 3]),
        /a divisor of the 3 channels$/,
      ],
      [
        layer('BatchNormalization', { axis: 7 }),
        /^axis of layer "one" \(BatchNormalization\) is 7, expected axes of a shape of 2 sizes$/,
      ],
      [
        layer('EinsumDense', { equation: 'sum it up' }),
        /^equation of layer "one" \(EinsumDense\) is "sum it up", expected an equation/,
      ],
      [
        layer('Bidirectional', { layer: 3 }),
        /^layer of layer "one" \(Bidirectional\) is 3, expected a layer$/,
      ],
      [3, /^a layer is 3, expected class_name and config$/],
    ];
    for (const [one, sentence] of cases) assert.match(reason(one), sentence);
    assert.match(
      reason(...Array.from({ length: 3 }, () => layer('Dense', { units: 1e9 }, [null, 1e9]))),
      /more parameters than any model can have/,
    );
  });

  it('refuses models within models 10,000 deep', () => {
    let inner: unknown = layer('Dense', { units: 3 });
    for (let depth = 0; depth < 10_000; depth++) inner = sequential(inner);
    assert.match(reason(inner), /^its models are nested deeper than 64$/);
  });

  it('knows no code of others', () => {
    const own = {
      module: 'mine',
      class_name: 'MyModel',
      config: { name: 'mine', layers: [] },
      registered_name: 'mine>MyModel',
    };
    const outcome = kerasModel.read(own);
    assert.ok(!outcome.ok && /is no Functional or Sequential model/u.test(outcome.reason));
  });

  it('answers whatever a layer holds', () => {
    const names = [
      'Dense',
      'Conv2D',
      'LSTM',
      'EinsumDense',
      'MultiHeadAttention',
      'PReLU',
      'Bidirectional',
      'Normalization',
    ];
    const keys = [
      'units',
      'filters',
      'kernel_size',
      'equation',
      'output_shape',
      'axis',
      'num_heads',
      'key_dim',
      'layer',
      'dtype',
      'shared_axes',
      'bias_axes',
      'mean',
    ];
    const value = fc.oneof(
      fc.constantFrom(3, [3, 3], 'abc,cd->abd', 'd', -1, null),
      fc.jsonValue({ maxDepth: 2 }),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...names),
        fc.dictionary(fc.constantFrom(...keys), value),
        fc.oneof(fc.constant([null, 8, 8, 4]), fc.jsonValue({ maxDepth: 1 })),
        (className, config, inputShape) => {
          const outcome = kerasModel.read(sequential(layer(className, config, inputShape)));
          if (!outcome.ok) assert.ok(outcome.reason.length > 0 && !outcome.reason.includes('\n'));
        },
      ),
      { numRuns: 500 },
    );
  });
});
