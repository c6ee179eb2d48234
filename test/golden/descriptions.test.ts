import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { Blueprint, BlueprintOutcome } from '../../src/core/model/blueprint';
import { blueprintFromDescription, descriptionOf } from '../../src/core/model/descriptions/index';
import { litgptModel } from '../../src/core/model/descriptions/litgptModel';
import { checkpointLayout, parameterCount } from '../../src/core/model/parameters';
import { recordedLines } from '../support/recordedNames';

interface Answer {
  readonly label: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly parameters: number;
  readonly tensors: readonly string[];
  readonly tied: readonly unknown[];
  /** Shapes of keys and values in litgpt's own cache, for one sequence of the longest context. */
  readonly cache?: readonly string[];
}

interface Recording {
  readonly library: string;
  readonly answers: readonly Answer[];
  readonly counts?: readonly Pick<Answer, 'fields' | 'parameters'>[];
}

function recording(name: string): Recording {
  const text = gunzipSync(readFileSync(`test/fixtures/descriptions/${name}.json.gz`)).toString('utf8');
  return JSON.parse(text) as Recording;
}

function blueprintOf(fields: Answer['fields']): Blueprint {
  return read(blueprintFromDescription(fields));
}

function read(outcome: BlueprintOutcome): Blueprint {
  assert.ok(outcome.ok, outcome.ok ? '' : outcome.reason);
  return outcome.blueprint;
}

/** Names and shapes that a checkpoint of the model holds. */
function stored(blueprint: Blueprint): Map<string, string> {
  return new Map(checkpointLayout(blueprint).map(({ name, shape }) => [name, JSON.stringify(shape)]));
}

for (const [name, kind] of [
  ['litgpt', 'litgpt-model'],
  ['meta', 'meta-params'],
  ['mistral', 'mistral-params'],
] as const) {
  const { library, answers, counts = [] } = recording(name);
  describe(`models as ${library} builds them`, () => {
    for (const answer of answers) {
      it(answer.label, () => {
        assert.equal(descriptionOf(answer.fields)?.kind, kind);
        const blueprint = blueprintOf(answer.fields);
        assert.deepEqual(stored(blueprint), recordedLines(answer.tensors));
        assert.equal(parameterCount(blueprint), answer.parameters);
        assert.deepEqual(answer.tied, []);
        if (answer.cache !== undefined) assert.deepEqual(kept(blueprint), recordedLines(answer.cache));
      });
    }

    if (counts.length > 0)
      it(`the parameters of all ${counts.length} configs that it knows by name`, () => {
        for (const { fields, parameters } of counts)
          assert.equal(parameterCount(read(litgptModel.read(fields))), parameters, String(fields['name']));
      });
  });
}

/** Keys and values of one sequence as long as the model allows, per layer. */
function kept(blueprint: Blueprint): Map<string, string> {
  return new Map(
    blueprint.layers.map(({ index, attention }) => {
      assert.ok(attention !== null && blueprint.maxContext !== null);
      const { kvHeads, keyDim, valueDim, window } = attention;
      const tokens = Math.min(blueprint.maxContext, window ?? Infinity);
      return [String(index), JSON.stringify([keyDim, valueDim].map((dim) => [1, kvHeads, tokens, dim]))];
    }),
  );
}
