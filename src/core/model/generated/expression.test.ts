import assert from 'node:assert/strict';
import { evaluate, holds, type FieldValue, type Fields } from './expression';

const values: Readonly<Record<string, FieldValue>> = {
  width: 96,
  heads: 5,
  kv: 2,
  ratio: 2.7,
  'tower.depths.1': 7,
  bias: true,
  word: 'group',
  none: null,
};
const fields: Fields = (path) => values[path] ?? null;

describe('expressions of the generated table', () => {
  it('are sums of products and quotients', () => {
    for (const [text, value] of [
      ['64', 64],
      ['width', 96],
      ['3*width', 288],
      ['width*kv + 1', 193],
      ['width + -1', 95],
      ['width//heads', 19],
      ['2*width//heads', 38],
      ['(width//heads)*kv', 38],
      ['(width//heads)*heads', 95],
      ['2*(width//heads)*(kv//2)', 38],
      ['width*kv//heads', 38],
      ['heads/^2', 3],
      ['width*ratio', 259],
      ['tower.depths.1', 7],
    ] as const)
      assert.equal(evaluate(text, fields), value, text);
  });

  it('are not a number where a field is none', () => {
    assert.ok(Number.isNaN(evaluate('none*2', fields)));
    assert.ok(Number.isNaN(evaluate('word', fields)));
  });

  it('ask for values', () => {
    for (const [text, value] of [
      ['', true],
      ['bias=true', true],
      ['bias!true', false],
      ['none!null', false],
      ['word="group" & kv=2', true],
      ['word="layer" | kv=2', true],
      ['word="layer" & kv=2', false],
    ] as const)
      assert.equal(holds(text, fields), value, text);
  });
});
