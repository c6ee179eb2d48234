import assert from 'node:assert/strict';
import { recordedTypes } from '../../../test/gguf/fixtures';
import { fileTypeName, findGgmlType, ggmlBytes, ggmlType, ggmlTypeById, ggmlTypes } from './ggmlTypes';

describe('ggmlTypes', () => {
  const recorded = recordedTypes();

  it('has the numbers, block sizes and bytes of the recorded gguf package', () => {
    const known = ggmlTypes.filter(({ name }) => Object.hasOwn(recorded.types, name));
    assert.deepEqual(
      Object.fromEntries(
        known.map(({ name, id, blockElements, blockBytes }) => [name, [id, blockElements, blockBytes]]),
      ),
      recorded.types,
    );
    // Beyond these only the layouts that ggml has dropped.
    assert.deepEqual(
      ggmlTypes.filter((type) => !known.includes(type)).map(({ name }) => name),
      ['Q4_0_4_4', 'Q4_0_4_8', 'Q4_0_8_8', 'IQ4_NL_4_4', 'IQ4_NL_4_8', 'IQ4_NL_8_8'],
    );
  });

  it('has the file types of the recorded gguf package', () => {
    for (const [name, number] of Object.entries(recorded.fileTypes))
      assert.equal(fileTypeName(number), name.replace(/^(MOSTLY|ALL)_/u, ''), name);
    assert.equal(fileTypeName(1024), null);
  });

  it('finds a type by name in any case and by number', () => {
    assert.equal(findGgmlType('q4_k'), ggmlType('Q4_K'));
    assert.equal(ggmlTypeById(12), ggmlType('Q4_K'));
    assert.equal(findGgmlType('q4_k_m'), null);
    assert.equal(findGgmlType('constructor'), null);
    assert.equal(ggmlTypeById(4), null);
  });

  it('counts whole blocks per row', () => {
    assert.equal(ggmlBytes(ggmlType('Q4_K'), 4096, 4096 * 11008), 4096 * 11008 * (144 / 256));
    assert.equal(ggmlBytes(ggmlType('Q8_0'), 32, 64), 68);
    assert.equal(ggmlBytes(ggmlType('Q4_K'), 100, 25_600), null);
    assert.equal(ggmlBytes(ggmlType('BF16'), 3, 9), 18);
  });
});
