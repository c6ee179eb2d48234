import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseSafetensorsHeader, parseWeightIndex } from './safetensors';

const header = {
  __metadata__: { format: 'pt' },
  'a.weight': { dtype: 'BF16', shape: [2, 3], data_offsets: [0, 12] },
  'a.bias': { dtype: 'F32', shape: [2], data_offsets: [12, 20] },
};

function reason(json: string, dataBytes: number | null = null): string {
  const outcome = parseSafetensorsHeader(json, dataBytes);
  assert.ok(!outcome.ok);
  assert.ok(!outcome.reason.includes('\n'));
  return outcome.reason;
}

describe('parseSafetensorsHeader', () => {
  it('gives name, shape, dtype and bytes of every tensor', () => {
    const outcome = parseSafetensorsHeader(JSON.stringify(header), 20);
    assert.ok(outcome.ok);
    assert.deepEqual(outcome.header.tensors, [
      { name: 'a.weight', shape: [2, 3], dtype: 'bf16', bytes: 12 },
      { name: 'a.bias', shape: [2], dtype: 'f32', bytes: 8 },
    ]);
    assert.equal(outcome.header.totalBytes, 20);
  });

  it('refuses what cannot be right, each with a sentence of its own', () => {
    const one = (entry: unknown): string => JSON.stringify({ w: entry });
    const good = { dtype: 'F16', shape: [4], data_offsets: [0, 8] };
    assert.match(reason('{"a":'), /not JSON/);
    assert.match(reason('[]'), /not an object/);
    assert.match(reason(one(3)), /not an object/);
    assert.match(reason(one({ ...good, dtype: 'F7' })), /dtype "F7", which is not known/);
    assert.match(reason(one({ ...good, shape: [-4] })), /shape \[-4\], expected a list of sizes/);
    assert.match(reason(one({ ...good, shape: Array(40).fill(1) })), /expected a list of sizes/);
    assert.match(reason(one({ ...good, shape: [2 ** 60] })), /expected a list of sizes/);
    assert.match(reason(one({ ...good, shape: [2 ** 50, 2 ** 50] })), /its shape and dtype ask for/);
    assert.match(reason(one({ ...good, data_offsets: [8, 0] })), /takes -8 bytes/);
    assert.match(reason(one({ ...good, data_offsets: [0] })), /expected a beginning and an end/);
    assert.match(reason(one({ ...good, data_offsets: [8, 16] })), /overlap or leave gaps/);
    assert.match(reason(one(good), 9), /describes 8 bytes of tensors, the file holds 9/);
    const entry = JSON.stringify(good);
    assert.match(reason(`{"w":${entry},"w":${entry}}`), /names a tensor twice/);
  });

  it('survives deep nesting and huge texts', () => {
    assert.notEqual(reason(`{"w":${'['.repeat(10_000)}${']'.repeat(10_000)}}`), '');
    assert.match(reason(' '.repeat(32_000_001)), /at most 32000000 are read/);
  });

  it('does not take a tensor or metadata about offsets for a second tensor', () => {
    const odd = { ...header, __metadata__: { data_offsets: 'x' } };
    assert.ok(parseSafetensorsHeader(JSON.stringify(odd), 20).ok);
  });

  it('answers every text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        const outcome = parseSafetensorsHeader(text, null);
        assert.ok(outcome.ok || outcome.reason !== '');
      }),
    );
  });
});

describe('parseWeightIndex', () => {
  it('lists files and total', () => {
    const outcome = parseWeightIndex(
      JSON.stringify({
        metadata: { total_size: 24 },
        weight_map: {
          b: 'model-00002.safetensors',
          a: 'model-00001.safetensors',
          c: 'model-00002.safetensors',
        },
      }),
    );
    assert.ok(outcome.ok);
    assert.deepEqual(outcome.index.files, ['model-00001.safetensors', 'model-00002.safetensors']);
    assert.equal(outcome.index.totalBytes, 24);
  });

  it('takes the map of the whole, not one within something else', () => {
    const outcome = parseWeightIndex(
      '{"metadata":{"weight_map":{"a":"x"},"total_size":8},"weight_map":{"b":"y.bin","c":"y.bin"}}',
    );
    assert.ok(outcome.ok);
    assert.deepEqual(outcome.index, { files: ['y.bin'], tensorNames: ['b', 'c'], totalBytes: 8 });
  });

  it('refuses names that lead out of the folder', () => {
    for (const file of ['../x.safetensors', '/etc/x.safetensors', 'a/b.safetensors', 3, 'x.exe']) {
      const outcome = parseWeightIndex(JSON.stringify({ weight_map: { a: file } }));
      assert.ok(!outcome.ok);
      assert.match(outcome.reason, /expected the name of a weight file/);
    }
    assert.ok(!parseWeightIndex('{}').ok);
    assert.ok(!parseWeightIndex('x').ok);
  });
});
