import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { blueprintFromConfig, knownArchitectures } from '../../src/core/model/blueprintFromConfig';
import type { Blueprint } from '../../src/core/model/blueprint';
import { parameterCount } from '../../src/core/model/parameters';
import { parsedConfig } from '../../src/platform/resolve/readModel';
import { sharedPath } from '../shared';

interface Recorded {
  readonly class: string;
  readonly parameters: number;
  readonly tensors: number;
  /** SHA-256 of the sorted lines `name [shape]`. */
  readonly fingerprint: string;
}

const recording = JSON.parse(readFileSync('test/fixtures/oracle/corpus.json', 'utf8')) as {
  readonly library: string;
  readonly answers: Readonly<Record<string, Recorded>>;
};

function fingerprint(blueprint: Blueprint): string {
  const lines = blueprint.tensors.map(({ name, shape }) => `${name} ${JSON.stringify(shape)}`).sort();
  return createHash('sha256').update(lines.join('\n')).digest('hex');
}

describe('real configs', () => {
  const known = new Set(knownArchitectures());

  for (const [file, recorded] of Object.entries(recording.answers))
    it(`${file}: ${recorded.class}${known.has(recorded.class) ? '' : ' is refused with a reason'}`, function () {
      const path = sharedPath('corpus', 'hf-config', file);
      if (path === null) return this.skip();
      const outcome = blueprintFromConfig(parsedConfig(readFileSync(path, 'utf8')));
      if (!known.has(recorded.class)) {
        assert.ok(!outcome.ok || outcome.blueprint.origin === 'assumed');
        return;
      }
      assert.ok(outcome.ok, outcome.ok ? '' : outcome.reason);
      assert.equal(outcome.blueprint.tensors.length, recorded.tensors);
      assert.equal(parameterCount(outcome.blueprint), recorded.parameters);
      assert.equal(fingerprint(outcome.blueprint), recorded.fingerprint);
    });
});
