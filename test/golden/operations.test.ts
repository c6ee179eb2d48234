import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Blueprint, LayerSpec } from '../../src/core/model/blueprint';
import { blueprintFromConfig } from '../../src/core/model/blueprintFromConfig';
import { activeMatrixElements } from '../../src/core/speed/operations';

interface Recorded {
  readonly tokens: number;
  readonly answers: readonly {
    readonly file: string;
    readonly class: string;
    readonly label: string;
    readonly operations: number;
  }[];
}

interface Cases {
  readonly answers: readonly {
    readonly class: string;
    readonly label: string;
    readonly config: Record<string, unknown>;
  }[];
}

const folder = join('test', 'fixtures', 'oracle');
const { tokens, answers } = JSON.parse(readFileSync(join(folder, 'operations.json'), 'utf8')) as Recorded;

/** Where the library's own forward pass is not what the model is: why. */
const otherwise: readonly (readonly [what: RegExp, why: string])[] = [
  [/cross attention/u, 'cross-attention is skipped without the other model'],
  [/^mllama/u, 'layers that look at images are skipped without one'],
  [/^llama4/u, 'the library passes every token through all experts'],
  [/^phimoe window tied/u, 'its router always picks two experts'],
  [
    /^deepseek_v4 (?:odd|own rule)/u,
    'in tiny layers the mixing of the parallel streams weighs as much as they do',
  ],
];

function blueprintOf(file: string, className: string, label: string): Blueprint {
  const cases = JSON.parse(
    gunzipSync(readFileSync(join(folder, `${file}.json.gz`))).toString('utf8'),
  ) as Cases;
  const found = cases.answers.find((answer) => answer.class === className && answer.label === label);
  assert.ok(found !== undefined, `${file} ${label} is recorded`);
  const outcome = blueprintFromConfig(found.config);
  assert.ok(outcome.ok, outcome.ok ? '' : outcome.reason);
  return outcome.blueprint;
}

/** Operations of eager attention: every token with every other, masked or not. */
function eagerAttention({ attention, cross }: LayerSpec): number {
  const pairs = [attention, cross].reduce(
    (sum, spec) => sum + (spec === null ? 0 : 2 * spec.queryHeads * (spec.keyDim + spec.valueDim)),
    0,
  );
  return (pairs + 2 * (attention?.indexerHeads ?? 0) * (attention?.indexerDim ?? 0)) * tokens ** 2;
}

describe('operations of a forward pass, as torch counts them', () => {
  it('are recorded for many architectures', () => {
    assert.ok(new Set(answers.map(({ file }) => file)).size > 80);
  });

  for (const { file, class: className, label, operations } of answers) {
    const name = `${file} ${label}`;
    if (otherwise.some(([what]) => what.test(name))) continue;
    it(`holds for ${name}`, () => {
      const blueprint = blueprintOf(file, className, label);
      const { layers, head } = activeMatrixElements(blueprint);
      const text = blueprint.layers.some(({ component }) => component === 'text');
      const ran = blueprint.layers.filter(({ component }) => !text || component === 'text');
      const ours = ran.reduce((sum, layer) => sum + eagerAttention(layer), 2 * (layers + head) * tokens);
      const error = ours / operations - 1;
      // The library's fallback for recurrent layers pads the sequence to a chunk: what it does is no measure of the rule.
      if (ran.some(({ recurrent }) => recurrent !== null)) assert.ok(error < 0.005, `${error}`);
      // In layers of a few dozen elements, products other than the weights' show.
      else assert.ok(Math.abs(error) < (label.startsWith('odd') ? 0.05 : 0.005), `${error}`);
    });
  }
});
