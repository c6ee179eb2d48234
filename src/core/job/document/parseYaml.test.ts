import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { sharedPath } from '../../../../test/shared';
import { entryOf, nodeAt, plainValue, type ConfigNode } from './configNode';
import { parseYaml } from './parseYaml';

function only(text: string): ConfigNode {
  const { roots } = parseYaml(text);
  assert.equal(roots.length, 1);
  return roots[0]!;
}

describe('parseYaml', () => {
  it('reads scalars as the frameworks do', () => {
    const text = [
      'rate: 1e-4',
      'length: 500_000',
      "precision: 'no'",
      'downcast: no',
      'enabled: True',
      'big: 5e8',
      'empty:',
      'tilde: ~',
      'time: 1:30',
      'day: 2020-01-01',
      'tag: !ENV HOME',
      'missing: ???',
      'ref: ${model.name}',
      'inf: .inf',
    ].join('\n');
    assert.deepEqual(plainValue(only(text)), {
      rate: 1e-4,
      length: 500_000,
      precision: 'no',
      downcast: false,
      enabled: true,
      big: 5e8,
      empty: null,
      tilde: null,
      time: '1:30',
      day: '2020-01-01',
      tag: 'HOME',
      missing: '???',
      ref: '${model.name}',
      inf: Infinity,
    });
  });

  it('places an empty value right after its colon', () => {
    const text = 'a:\nb:   # none\nc: 1\n';
    const root = only(text);
    assert.deepEqual(nodeAt(root, 'a')?.span, { start: 2, end: 2 });
    assert.deepEqual(nodeAt(root, 'b')?.span, { start: 5, end: 5 });
    assert.deepEqual(nodeAt(root, 'c')?.span, { start: 18, end: 19 });
  });

  it('keeps keys that YAML would retype as text', () => {
    assert.deepEqual(plainValue(only('no: 1\n010: 2\nnull: 3\n')), { no: 1, '010': 2, null: 3 });
  });

  it('survives duplicate keys, several documents and JSON inside', () => {
    assert.deepEqual(plainValue(only('debug: 1\ndebug: 2\n')), { debug: 2 });
    const parsed = parseYaml('a: 1\n---\n{ "num-layers": 12, # c\n  "x": [1, 2,], }\n');
    assert.deepEqual(parsed.roots.map(plainValue), [{ a: 1 }, { 'num-layers': 12, x: [1, 2] }]);
    assert.deepEqual(parsed.problems, []);
  });

  it('follows aliases and merge keys, the own key winning', () => {
    const text =
      'base: &b {rank: 8, alpha: 16}\nlora:\n  <<: *b\n  rank: 32\nsame: *b\nlist: &l [1]\nboth:\n  <<: [*b, {alpha: 1, c: 2}]\nn: &n 4\nm: *n\n';
    const root = only(text);
    assert.deepEqual(plainValue(root), {
      base: { rank: 8, alpha: 16 },
      lora: { rank: 32, alpha: 16 },
      same: { rank: 8, alpha: 16 },
      list: [1],
      both: { rank: 8, alpha: 16, c: 2 },
      n: 4,
      m: 4,
    });
    const m = nodeAt(root, 'm');
    assert.equal(text.slice(m!.span.start, m!.span.end), '*n');
  });

  it('bounds what aliases may stand for', () => {
    const lines = ['a: &a0 [x, x, x, x, x, x, x, x, x]'];
    for (let i = 1; i < 12; i++) {
      lines.push(`b${i}: &a${i} [${Array.from({ length: 9 }, () => `*a${i - 1}`).join(', ')}]`);
    }
    const started = Date.now();
    const parsed = parseYaml(lines.join('\n'));
    assert.match(parsed.problems[0]!.message, /aliases/);
    plainValue(parsed.roots[0]!);
    assert.ok(Date.now() - started < 3000);
  });

  it('survives aliases of themselves', () => {
    const parsed = parseYaml('a: &a\n  b: *a\n  <<: *a\n');
    assert.ok(parsed.problems.length > 0);
    plainValue(parsed.roots[0]!);
  });

  it('refuses nesting that would exhaust the stack, whatever the style', () => {
    for (const piece of ['[', '{a: ', '- ', '? ', '[{']) {
      for (const count of [300, 30_000]) {
        const parsed = parseYaml(piece.repeat(count));
        assert.match(parsed.problems[0]!.message, /nested deeper/, piece);
      }
    }
  });

  it('reads the first of very many documents', () => {
    assert.ok(parseYaml('---\na: 1\n'.repeat(50_000)).roots.length <= 64);
  });

  it('says where an error is and keeps what stands around it', () => {
    const parsed = parseYaml('base_model: x\nlora_r: [1, 2\nmicro_batch_size: 2\n');
    assert.ok(parsed.problems.length > 0);
    assert.equal(entryOf(parsed.roots[0], 'base_model')?.value.kind, 'scalar');
  });

  it('reads back what the library writes', () => {
    const leaf = fc.oneof(
      fc.integer(),
      fc.double({ noNaN: true }),
      fc.boolean(),
      fc.constant(null),
      fc.string(),
    );
    const value = fc.letrec<{ node: unknown }>((tie) => ({
      node: fc.oneof(
        { depthSize: 'small' },
        leaf,
        fc.array(tie('node'), { maxLength: 4 }),
        fc.dictionary(fc.stringMatching(/^[a-z_]{1,8}$/), tie('node'), { maxKeys: 5 }),
      ),
    })).node;
    fc.assert(
      fc.property(value, (expected) => {
        const text = stringify(expected, { version: '1.1' });
        const parsed = parseYaml(text);
        assert.deepEqual(parsed.problems, []);
        const got: unknown = parsed.roots[0] === undefined ? null : plainValue(parsed.roots[0]);
        assert.deepEqual(JSON.parse(JSON.stringify(got)), JSON.parse(JSON.stringify(expected)));
      }),
    );
  });

  it('never throws on any text', () => {
    const piece = fc.constantFrom(
      ...['a', ': ', '\n', '  ', '- ', '&x ', '*x', '<<', '[', ']', '{', '}', '#', '|', '>', '"', "'"],
      ...['!t ', '? ', '---\n', '\t', ',', '%YAML 1.1\n', '\uFEFF', '...'],
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        for (const root of parseYaml(pieces.join('')).roots) plainValue(root);
      }),
      { numRuns: 2000 },
    );
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 100 }), (text) => {
        parseYaml(text);
      }),
    );
  });

  it('reads every YAML file of the corpus, whole and cut anywhere', function () {
    this.timeout(60_000);
    const folder = sharedPath('corpus');
    if (folder === null) this.skip();
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (!/\.ya?ml$/.test(entry.name)) continue;
      const text = readFileSync(join(entry.parentPath, entry.name), 'utf8');
      const parsed = parseYaml(text);
      assert.deepEqual(parsed.problems, [], join(entry.parentPath, entry.name));
      if (text.length > 20_000) continue;
      for (let cut = 1; cut < text.length; cut += Math.ceil(text.length / 20)) parseYaml(text.slice(0, cut));
    }
  });
});
