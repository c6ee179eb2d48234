import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { blueprintFromConfig } from '../../src/core/model/blueprintFromConfig';
import { parameterCount } from '../../src/core/model/parameters';
import { weightBytes } from '../../src/core/model/quantisation/weightBytes';

interface Figures {
  readonly parameters: number;
  readonly bytes: number;
}

interface Recorded {
  readonly answers: readonly {
    readonly id: string;
    readonly config: Record<string, unknown>;
    readonly library: Figures;
    readonly gguf: Figures | { readonly refused: string };
  }[];
}

const file = join('test', 'fixtures', 'oracle', 'peers.json');
const { answers } = JSON.parse(readFileSync(file, 'utf8')) as Recorded;

describe('the models that other tools are asked of', () => {
  it('are thirty', () => {
    assert.equal(answers.length, 30);
  });

  for (const { id, config, library, gguf } of answers)
    it(`knows parameters and bytes of ${id} exactly, in its own layout and in GGUF`, () => {
      const outcome = blueprintFromConfig(config);
      assert.ok(outcome.ok, outcome.ok ? '' : outcome.reason);
      const { blueprint } = outcome;
      assert.equal(parameterCount(blueprint), library.parameters);
      assert.equal(weightBytes(blueprint, blueprint.quantization).total, library.bytes);
      if ('refused' in gguf) return;
      assert.equal(weightBytes(blueprint, { method: 'gguf', type: 'BF16' }).total, gguf.bytes);
    });
});
