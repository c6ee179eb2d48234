import assert from 'node:assert/strict';
import type { GgufHeader, GgufTensor, GgufValue } from './gguf';
import { ggufParts, joinGgufParts } from './ggufSplit';

function part(
  entries: Readonly<Record<string, number>>,
  names: readonly string[],
  missingBytes = 0,
): GgufHeader {
  return {
    version: 3,
    littleEndian: true,
    metadata: new Map(
      Object.entries(entries).map(([key, value]): [string, GgufValue] => [key, { kind: 'scalar', value }]),
    ),
    tensors: names.map((name): GgufTensor => ({ name, dims: [32], type: 'F32', bytes: 128, offset: 0 })),
    alignment: 32,
    dataOffset: 96,
    missingBytes,
  };
}

describe('ggufParts', () => {
  it('names all parts of a split model, whichever of them is given', () => {
    const parts = ['m-00001-of-00003.gguf', 'm-00002-of-00003.gguf', 'm-00003-of-00003.gguf'];
    for (const name of parts) assert.deepEqual(ggufParts(name), parts);
  });

  it('is null for a file that is no part', () => {
    for (const name of ['m.gguf', 'm-1-of-3.gguf', 'm-00004-of-00003.gguf', 'm-00000-of-00003.gguf'])
      assert.equal(ggufParts(name), null, name);
  });
});

describe('joinGgufParts', () => {
  const first = part({ 'split.no': 0, 'split.count': 2, 'split.tensors.count': 3, other: 1 }, ['a', 'b']);
  const second = part({ 'split.no': 1, 'split.count': 2, 'split.tensors.count': 3 }, ['c'], 50);

  it("takes the first part's metadata and every part's tensors", () => {
    const joined = joinGgufParts([first, second]);
    assert.ok(typeof joined !== 'string');
    assert.equal(joined.metadata, first.metadata);
    assert.deepEqual(
      joined.tensors.map((tensor) => tensor.name),
      ['a', 'b', 'c'],
    );
    assert.equal(joined.missingBytes, 50);
  });

  it('takes parts that do not count themselves', () => {
    assert.ok(typeof joinGgufParts([part({}, ['a']), part({}, ['b'])]) !== 'string');
  });

  it('says when the parts do not belong together', () => {
    assert.equal(joinGgufParts([]), 'there is no part');
    assert.equal(joinGgufParts([second, first]), 'part 1 says split.no 1, expected 0');
    assert.equal(joinGgufParts([first]), 'part 1 says split.count 2, expected 1');
    assert.equal(
      joinGgufParts([first, part({ 'split.no': 1 }, ['c', 'd'])]),
      'split.tensors.count is 3, but the parts hold 4 tensors',
    );
    assert.equal(joinGgufParts([first, part({}, ['b'])]), 'the tensor b is in two parts');
  });
});
