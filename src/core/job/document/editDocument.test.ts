import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { sharedPath } from '../../../../test/shared';
import { entryOf, plainValue, type ParsedText } from './configNode';
import { applyEdits, editDocument, editKeys, yamlValue, type PlainValue } from './editDocument';
import { parseText } from './parseText';
import { parseYaml } from './parseYaml';

function edited(
  text: string,
  path: readonly string[],
  value: PlainValue,
  beside?: string,
  file = 'x.yaml',
): string {
  const parsed = parseText(text, file);
  const edits = editDocument(parsed, beside === undefined ? { path, value } : { path, value, beside });
  assert.ok(edits !== null);
  return applyEdits(text, edits);
}

function plain(parsed: ParsedText): Record<string, unknown> {
  assert.deepEqual(parsed.problems, []);
  return plainValue(parsed.roots[0]!) as Record<string, unknown>;
}

describe('editDocument', () => {
  it('replaces a value and leaves comments and spacing', () => {
    assert.equal(edited('a: 1\nmicro: 8   # big\nc: 2\n', ['micro'], 4), 'a: 1\nmicro: 4   # big\nc: 2\n');
    assert.equal(
      edited('{"a": 1, /* x */ "b": 2}', ['a'], true, undefined, 'x.json'),
      '{"a": true, /* x */ "b": 2}',
    );
  });

  it('fills an empty value', () => {
    assert.equal(edited('a:\nb: 1\n', ['a'], 'x y'), 'a: "x y"\nb: 1\n');
    assert.equal(edited('a:   # none\nb: 1', ['a'], 3), 'a: 3   # none\nb: 1');
  });

  it('writes a missing key on its own line beside its sibling, with its indentation and line end', () => {
    assert.equal(edited('a: 1 # c\r\nb: 2\r\n', ['new'], 3, 'a'), 'a: 1 # c\r\nnew: 3\r\nb: 2\r\n');
    assert.equal(
      edited('t:\n    a: 1\n    b: 2', ['t', 'new'], true, 'b'),
      't:\n    a: 1\n    b: 2\n    new: true',
    );
    assert.equal(edited('list:\n  - x\nb: 2\n', ['new'], 1, 'list'), 'new: 1\nlist:\n  - x\nb: 2\n');
    assert.equal(
      edited('text: |\n  a\n  b\nb: 2\n', ['new'], 1, 'text'),
      'new: 1\ntext: |\n  a\n  b\nb: 2\n',
    );
    assert.equal(edited('- a: 1\n- b: 2\n', ['1', 'new'], 3), '- a: 1\n- b: 2\n  new: 3\n');
  });

  it('writes a missing property into JSON as its siblings stand', () => {
    assert.equal(edited('{\n\t"a": 1\n}', ['new'], 'x', 'a', 'x.json'), '{\n\t"a": 1,\n\t"new": "x"\n}');
    assert.equal(edited('{"a":1}', ['new'], 2, 'a', 'x.json'), '{"a":1,"new":2}');
    assert.equal(edited('{}', ['new'], 2, undefined, 'x.json'), '{ "new": 2 }');
    assert.equal(edited('{a: 1}\n', ['new'], 2), '{a: 1, new: 2}\n');
  });

  it('replaces a list below its key', () => {
    assert.equal(edited('m:\n  - a\n  - b\nc: 1\n', ['m'], ['q', 'v']), 'm: [q, v]\nc: 1\n');
  });

  it('overrides a merged key instead of changing what others share', () => {
    const text = 'base: &b {r: 8}\nlora:\n  <<: *b\n  alpha: 1\n';
    const after = edited(text, ['lora', 'r'], 16, 'alpha');
    assert.equal(after, 'base: &b {r: 8}\nlora:\n  <<: *b\n  alpha: 1\n  r: 16\n');
  });

  it('refuses what it cannot do safely', () => {
    const refused = (text: string, path: readonly string[]): void => {
      assert.equal(editDocument(parseText(text, 'x.yaml'), { path, value: 1 }), null, text);
    };
    refused('base: &b {r: 8}\nlora: *b\n', ['lora', 'r']);
    refused('a: |\n  x\n', ['a']);
    refused('a: &x 1\nb: *x\n', ['a']);
    refused('a: [1, 2\nb: 1\n', ['b']);
    refused('- a\n- b\n', ['a']);
    refused('a: 1\n', ['t', 'x']);
  });

  it('does several changes at once, in order', () => {
    const text = 'micro: 8\naccum: 1\n';
    const edits = editKeys(parseYaml(text), [
      { path: ['micro'], value: 4 },
      { path: ['accum'], value: 2 },
      { path: ['p'], value: 1, beside: 'accum' },
      { path: ['q'], value: 2, beside: 'accum' },
    ]);
    assert.equal(applyEdits(text, edits!), 'micro: 4\naccum: 2\np: 1\nq: 2\n');
  });

  it('writes text so that it reads back as that text', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.constantFrom('no', '1e5', '0x1', '~', '*a', 'a: b', '1_0', '-')),
        (value) => {
          const parsed = parseYaml(`k: ${yamlValue(value)}\n`);
          assert.deepEqual(parsed.problems, []);
          assert.equal(plain(parsed)['k'], value);
          assert.deepEqual(plain(parseYaml(`k: ${yamlValue([value])}\n`))['k'], [value]);
        },
      ),
    );
  });

  it('gives the key its value and changes nothing else, in any document', () => {
    const leaf = fc.oneof(fc.integer(), fc.boolean(), fc.constant(null), fc.string({ maxLength: 12 }));
    const key = fc.stringMatching(/^[a-z_]{1,6}$/);
    const inner = fc.dictionary(key, fc.oneof(leaf, fc.array(leaf, { maxLength: 3 })), { maxKeys: 4 });
    const map = fc.dictionary(key, fc.oneof(leaf, inner, fc.array(inner, { maxLength: 2 })), {
      minKeys: 1,
      maxKeys: 6,
    });
    fc.assert(
      fc.property(
        map,
        key,
        leaf,
        fc.constantFrom('yaml', 'json', 'flow'),
        fc.constantFrom(2, 4),
        fc.boolean(),
        fc.nat(),
        (value, name, next, style, indent, crlf, pick) => {
          let text =
            style === 'json'
              ? JSON.stringify(value, null, indent)
              : stringify(value, {
                  version: '1.1',
                  indent,
                  lineWidth: 0,
                  ...(style === 'flow' ? { collectionStyle: 'flow' as const } : {}),
                });
          // A folded text inside keeps its own line ends, so that only files without one are rewritten.
          if (crlf && !/[|>]/.test(text) && !/^ *"[^"]*$/m.test(text)) text = text.replaceAll('\n', '\r\n');
          const parsed = parseText(text, style === 'json' ? 'x.json' : 'x.yaml');
          const before = plain(parsed);
          const keys = Object.keys(before);
          const edits = editDocument(parsed, {
            path: [name],
            value: next,
            beside: keys[pick % keys.length]!,
          });
          if (edits === null) return;
          const after = applyEdits(text, edits);
          const reparsed = plain(parseText(after, style === 'json' ? 'x.json' : 'x.yaml'));
          assert.deepEqual(reparsed, { ...before, [name]: next }, after);
          if (crlf && text.includes('\r\n')) assert.ok(!/[^\r]\n/.test(after), JSON.stringify(after));
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('changes one line of a real file and keeps its comments', function () {
    this.timeout(60_000);
    const folder = sharedPath('corpus', 'axolotl', 'examples');
    if (folder === null) this.skip();
    let checked = 0;
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (!/\.ya?ml$/.test(entry.name)) continue;
      const text = readFileSync(join(entry.parentPath, entry.name), 'utf8');
      const parsed = parseYaml(text);
      const before = plain(parsed);
      for (const key of Object.keys(before)) {
        const replaced = editDocument(parsed, { path: [key], value: 7 });
        if (entryOf(parsed.roots[0], key)?.value.kind === 'scalar') {
          assert.ok(replaced !== null, key);
          assert.equal(changedLines(text, applyEdits(text, replaced)), 1, key);
        }
        if (replaced !== null) {
          assert.deepEqual(plain(parseYaml(applyEdits(text, replaced))), { ...before, [key]: 7 });
        }
        const inserted = editDocument(parsed, { path: ['zz_new'], value: 7, beside: key });
        assert.ok(inserted !== null, key);
        const after = applyEdits(text, inserted);
        assert.deepEqual(plain(parseYaml(after)), { ...before, zz_new: 7 });
        assert.equal(after.split('\n').length, text.split('\n').length + 1);
        assert.equal(
          after
            .split('\n')
            .filter((line) => line !== 'zz_new: 7')
            .join('\n'),
          text,
        );
        checked++;
      }
    }
    assert.ok(checked > 400);
  });
});

function changedLines(before: string, after: string): number {
  const old = before.split('\n');
  return after.split('\n').filter((line, index) => line !== old[index]).length;
}
