import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { sharedPath } from '../../../../test/shared';
import { nodeAt, plainValue, type ConfigNode } from './configNode';
import { parseJson } from './parseJson';

function only(text: string): ConfigNode {
  const { roots } = parseJson(text);
  assert.equal(roots.length, 1);
  return roots[0]!;
}

describe('parseJson', () => {
  it('keeps the place of every key and value', () => {
    const text = '{\r\n  "a": [1, true, null],\r\n  "b": {"c": "x"}\r\n}';
    const root = only(text);
    const value = nodeAt(root, 'b', 'c');
    assert.equal(value?.kind, 'scalar');
    assert.equal(text.slice(value.span.start, value.span.end), '"x"');
    assert.deepEqual(plainValue(root), { a: [1, true, null], b: { c: 'x' } });
  });

  it('accepts comments, trailing commas and a byte order mark', () => {
    const parsed = parseJson('\uFEFF// first\n{"a": 1, /* why */ "b": [2,],}');
    assert.deepEqual(parsed.problems, []);
    assert.deepEqual(plainValue(parsed.roots[0]!), { a: 1, b: [2] });
  });

  it("reads Python's non-finite numbers, outside strings only", () => {
    const text = '{"a": [0.0, Infinity], "b": NaN, "c": -Infinity, "d": "NaN"}';
    const parsed = parseJson(text);
    assert.deepEqual(parsed.problems, []);
    assert.deepEqual(plainValue(parsed.roots[0]!), {
      a: [0, Infinity],
      b: Number.NaN,
      c: -Infinity,
      d: 'NaN',
    });
    const c = nodeAt(parsed.roots[0]!, 'c');
    assert.equal(text.slice(c!.span.start, c!.span.end), '-Infinity');
  });

  it('reads on after an error and says where it is', () => {
    const parsed = parseJson('{"model_type": "llama", "hidden_size": , "vocab_size": 32000');
    assert.ok(parsed.problems.length > 0);
    assert.ok(parsed.problems.every((problem) => problem.span.end > problem.span.start));
    const root = plainValue(parsed.roots[0]!) as Record<string, unknown>;
    assert.equal(root['model_type'], 'llama');
    assert.equal(root['vocab_size'], 32000);
  });

  it('keeps duplicate keys in order, so that the last one counts', () => {
    assert.deepEqual(plainValue(only('{"a": 1, "a": 2}')), { a: 2 });
  });

  it('refuses nesting that would exhaust the stack', () => {
    for (const depth of [200, 100_000]) {
      const parsed = parseJson('['.repeat(depth));
      assert.match(parsed.problems[0]!.message, /nested deeper/);
    }
    assert.deepEqual(parseJson(`{"a": "${'['.repeat(500)}"}`).problems, []);
  });

  it('treats __proto__ as a key like any other', () => {
    const value = plainValue(only('{"__proto__": {"polluted": 1}}'));
    assert.equal(Object.getPrototypeOf(value), Object.prototype);
    assert.ok(Object.hasOwn(value as object, '__proto__'));
  });

  it('agrees with JSON.parse on every JSON value', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), (text) => {
        assert.deepEqual(plainValue(only(text)), JSON.parse(text));
      }),
    );
  });

  it('never throws on any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        parseJson(text);
      }),
    );
  });

  it('survives real model configs cut anywhere', function () {
    const folder = sharedPath('corpus', 'hf-config');
    if (folder === null) this.skip();
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.name.endsWith('.json')) continue;
      const text = readFileSync(join(entry.parentPath, entry.name), 'utf8');
      assert.deepEqual(parseJson(text).problems, [], entry.parentPath);
      if (text.length > 20_000) continue;
      for (let cut = 1; cut < text.length; cut += Math.ceil(text.length / 40)) parseJson(text.slice(0, cut));
    }
  });
});
