import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { readLaidOut } from './safetensorsLayout';

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly number[];
}

function read(json: string): Record<string, Entry> | null {
  const entries: Record<string, Entry> = {};
  const laidOut = readLaidOut(json, (name, dtype, shape, begin, end) => {
    Object.defineProperty(entries, name, {
      value: { dtype, shape, data_offsets: [begin, end] },
      enumerable: true,
    });
  });
  return laidOut ? entries : null;
}

const size = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.nat({ max: 2 ** 40 }));
const entry = fc.record({
  dtype: fc.constantFrom('F32', 'BF16', 'F8_E4M3', 'U8'),
  shape: fc.array(size, { maxLength: 5 }),
  data_offsets: fc.tuple(size, size),
});

describe('the layout of safetensors headers', () => {
  it('reads what JSON.parse reads', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), entry, { minKeys: 1, maxKeys: 40, noNullPrototype: true }),
        fc.boolean(),
        fc.nat(9),
        (entries, metadata, blanks) => {
          const json = `{${metadata ? '"__metadata__":{"format":"pt"},' : ''}${JSON.stringify(entries).slice(1)}`;
          const found = read(json + ' '.repeat(blanks));
          // Names with escapes are left to JSON.parse.
          if (found === null) assert.match(json, /\\|"__metadata__":\{"dtype/u);
          else {
            const rest = JSON.parse(json) as Record<string, unknown>;
            delete rest['__metadata__'];
            assert.deepEqual({ ...found }, metadata ? rest : JSON.parse(json));
          }
        },
      ),
    );
  });

  it('takes nothing that JSON.parse would refuse or read otherwise', () => {
    const good =
      '{"__metadata__":{"format":"pt","b":""},"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"b":{"dtype":"U8","shape":[],"data_offsets":[24,25]}}';
    assert.ok(read(good) !== null);
    fc.assert(
      fc.property(fc.nat(good.length), fc.nat(4), fc.string({ maxLength: 3 }), (at, cut, put) => {
        const json = good.slice(0, at) + put + good.slice(at + cut);
        const found = read(json);
        if (found === null) return;
        const rest = JSON.parse(json) as Record<string, unknown>;
        delete rest['__metadata__'];
        assert.deepEqual({ ...found }, rest);
      }),
      { numRuns: 3000 },
    );
  });

  it('leaves a name that comes twice, a leading zero and other orders alone', () => {
    const tensor = '{"dtype":"F32","shape":[2],"data_offsets":[0,8]}';
    assert.equal(read(`{"a":${tensor},"a":${tensor}}`), null);
    assert.equal(read('{"a":{"dtype":"F32","shape":[02],"data_offsets":[0,8]}}'), null);
    assert.equal(read('{"a":{"shape":[2],"dtype":"F32","data_offsets":[0,8]}}'), null);
    assert.equal(read('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,9007199254740993]}}'), null);
    assert.equal(read('{}'), null);
    assert.equal(read(`{"a":${tensor}`), null);
  });
});
