import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { readIndexLaidOut } from './weightIndexLayout';

const file = fc.constantFrom(
  'model-00001-of-00002.safetensors',
  'model-00002-of-00002.safetensors',
  'x.bin',
  '',
);

describe('the layout of an index', () => {
  it('reads what JSON.parse reads', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), file, { minKeys: 1, noNullPrototype: true }),
        fc.constantFrom(undefined, 2, '\t'),
        fc.boolean(),
        (map, indent, first) => {
          const metadata = { total_size: 12 };
          const index = first ? { weight_map: map, metadata } : { metadata, weight_map: map };
          const json = JSON.stringify(index, null, indent);
          const read = readIndexLaidOut(json);
          // Names with escapes are left to JSON.parse.
          if (read === null) assert.match(json, /\\/);
          else {
            assert.deepEqual([...read.names].sort(), Object.keys(map).sort());
            assert.deepEqual([...read.files].sort(), [...new Set(Object.values(map))].sort());
            assert.deepEqual(JSON.parse(read.rest), { metadata, weight_map: {} });
          }
        },
      ),
    );
  });

  it('takes nothing that JSON.parse would refuse or read otherwise', () => {
    const good =
      '{"metadata": {"total_size": 3},\n "weight_map": {\n  "a": "x.bin",\n  "b": "x.bin",\n  "c": "y.bin"\n }}';
    assert.ok(readIndexLaidOut(good) !== null);
    fc.assert(
      fc.property(fc.nat(good.length), fc.nat(4), fc.string({ maxLength: 3 }), (at, cut, put) => {
        const json = good.slice(0, at) + put + good.slice(at + cut);
        const read = readIndexLaidOut(json);
        if (read === null) return;
        let rest: unknown;
        try {
          rest = JSON.parse(read.rest);
        } catch {
          return;
        }
        const whole = JSON.parse(json) as { readonly weight_map: Readonly<Record<string, string>> };
        assert.deepEqual(rest, { ...whole, weight_map: {} });
        assert.deepEqual([...read.names].sort(), Object.keys(whole.weight_map).sort());
        assert.deepEqual(read.files, new Set(Object.values(whole.weight_map)));
      }),
      { numRuns: 3000 },
    );
  });

  it('leaves a name that comes twice alone', () => {
    assert.equal(readIndexLaidOut('{"weight_map":{"a":"x.bin","a":"y.bin"}}'), null);
    assert.equal(readIndexLaidOut('{"weight_map":{}}'), null);
  });
});
