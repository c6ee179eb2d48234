import assert from 'node:assert/strict';
import { alignColumns, formatJson, wantsJson } from './output';

describe('output', () => {
  it('prints a document on one line unless --pretty asks for more', () => {
    const document = { schema: 1, results: [{ text: 'two\nlines' }] };
    assert.equal(formatJson(document).split('\n').length, 2);
    assert.ok(formatJson(document, { pretty: true }).split('\n').length > 5);
    assert.deepEqual(JSON.parse(formatJson(document, { pretty: true })), document);
  });

  it('takes --pretty alone as asking for JSON', () => {
    assert.equal(wantsJson({ pretty: true }), true);
    assert.equal(wantsJson({}), false);
  });

  it('aligns columns and leaves no trailing blanks', () => {
    assert.equal(
      alignColumns(
        [
          ['cpu', '2', 'cores'],
          ['memory', '24.0', ''],
        ],
        [1],
      ),
      'cpu        2  cores\nmemory  24.0',
    );
  });
});
