import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { fixturePath } from '../../../../test/fixtures';
import type { ModuleKind, TensorSpec } from '../blueprint';
import { globTarget, type ModulePatterns, skipMatcher, targetMatcher } from './modulePatterns';
import { keptModules } from './transformersModules';

function tensor(name: string, module: ModuleKind = 'linear', stored?: string): TensorSpec {
  return {
    name,
    shape: [4, 4],
    dtype: null,
    role: 'other',
    module,
    layer: 0,
    component: 'text',
    tiedTo: null,
    experts: null,
    ...(stored === undefined ? {} : { stored: [{ name: stored, shape: [4, 4], count: 2 }] }),
  };
}

const q = tensor('model.layers.11.self_attn.q_proj.weight');
const expert = tensor(
  'model.layers.3.mlp.experts.gate_up_proj',
  'experts',
  'model.layers.3.mlp.experts.{}.gate_proj.weight',
);

/** Which of the patterns match by themselves. */
function matching(
  matcher: (patterns: readonly string[]) => ModulePatterns,
  spec: TensorSpec,
  patterns: readonly string[],
): readonly string[] {
  return patterns.filter((pattern) => matcher([pattern]).matches(spec));
}

describe('skipMatcher', () => {
  it('matches up to a boundary of modules, as an expression, or as a suffix', () => {
    const patterns = [
      'model.layers.1',
      'model.layers.11',
      'model.layers.*',
      'model.layers.*.self_attn',
      'proj',
      'self_attn.q',
      'lm_head',
    ];
    assert.deepEqual(matching(skipMatcher, q, patterns), [
      'model.layers.11',
      'model.layers.*',
      'model.layers.*.self_attn',
      'proj',
    ]);
  });

  it('finds a module whose prefix differs, and experts by the names of a checkpoint', () => {
    assert.deepEqual(matching(skipMatcher, q, ['layers.11.self_attn', 'model.language_model.layers.11']), [
      'layers.11.self_attn',
      'model.language_model.layers.11',
    ]);
    assert.deepEqual(
      matching(skipMatcher, expert, ['experts', 'mlp.experts', 'model.layers.3.mlp.experts', 'gate']),
      ['experts', 'mlp.experts', 'model.layers.3.mlp.experts'],
    );
  });

  it('takes what is no expression for a shell pattern', () => {
    assert.deepEqual(matching(skipMatcher, q, ['*self_attn*', '*mlp*']), ['*self_attn*']);
  });
});

describe('targetMatcher', () => {
  it('matches names whole, expressions from the start, and Linear everything', () => {
    const patterns = [
      'Linear',
      'model.layers.11.self_attn.q_proj',
      'model.layers.11.self_attn',
      're:.*q_proj$',
      're:q_proj',
      're:.*(k|v)_proj',
    ];
    assert.deepEqual(matching(targetMatcher, q, patterns), [
      'Linear',
      'model.layers.11.self_attn.q_proj',
      're:.*q_proj$',
    ]);
  });

  it('knows alternatives that must not hit the experts', () => {
    const dense = 're:.*mlp\\.(gate|up|gate_up|down)_proj.*';
    assert.equal(targetMatcher([dense]).matches(expert), false);
    assert.equal(targetMatcher([dense]).matches(tensor('model.layers.0.mlp.up_proj.weight')), true);
    assert.equal(targetMatcher(['re:.*experts\\.\\d+\\.gate_proj$']).matches(expert), true);
  });

  it('reads shell patterns as whole names', () => {
    const matches = (pattern: string): boolean => targetMatcher([globTarget(pattern)]).matches(q);
    assert.deepEqual(
      ['model.layers.11.self_attn*', '*q_proj', 'model.layers.11', 'model.layers.1?.*'].map(matches),
      [true, true, false, true],
    );
  });

  it('does not run expressions that could run for long, and says which', () => {
    for (const slow of [
      '(a+)+$',
      '(.*)*x',
      '((a|b)*c)*',
      '(?:x+y*)+',
      '(a)\\1',
      'a.*.*.*.*.*.*.*.*.*',
      '([',
      'x'.repeat(500),
    ])
      assert.deepEqual(targetMatcher([`re:${slow}`]).unread, [`re:${slow}`], slow);
    for (const fine of [
      '.*(q|k|v)_proj',
      'model\\.layers\\.[0-9]+\\.mlp',
      '^(?!.*vision).*',
      '(?:gate|up)?_proj',
      '.*layers\\.(1|2)\\..*',
    ])
      assert.deepEqual(targetMatcher([`re:${fine}`]).unread, [], fine);
  });

  it('answers any list of patterns in no time', () => {
    const letters = fc.constantFrom(
      'a',
      '.',
      '*',
      '+',
      '(',
      ')',
      '|',
      '\\',
      '[',
      ']',
      '?',
      '{',
      '2',
      '}',
      '^',
      '$',
      'q_proj',
    );
    fc.assert(
      fc.property(fc.array(fc.array(letters, { maxLength: 30 }), { maxLength: 5 }), (lists) => {
        const patterns = lists.map((list) => list.join(''));
        const start = performance.now();
        skipMatcher(patterns).matches(q);
        targetMatcher(patterns.map((pattern) => `re:${pattern}`)).matches(q);
        assert.ok(performance.now() - start < 500, JSON.stringify(patterns));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('modules that classes keep', () => {
  it('are those of the library', () => {
    const bytes = gunzipSync(readFileSync(fixturePath('quant', 'modules.json.gz')));
    const { classes } = JSON.parse(bytes.toString('utf8')) as {
      readonly classes: Readonly<
        Record<
          string,
          {
            readonly modelType: string;
            readonly keptWide?: readonly string[];
            readonly linear?: readonly string[];
          }
        >
      >;
    };
    for (const [name, { modelType, keptWide = [], linear = [] }] of Object.entries(classes)) {
      // Norms and bare parameters are no matter of methods that replace linear modules.
      const kept = keptWide.filter((entry) => linear.some((module) => module.endsWith(entry)));
      assert.deepEqual([...keptModules(modelType)].sort(), kept, name);
    }
  });
});
