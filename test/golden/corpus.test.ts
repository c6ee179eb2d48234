import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { blueprintFromConfig } from '../../src/core/model/blueprintFromConfig';
import type { Blueprint, BlueprintOutcome } from '../../src/core/model/blueprint';
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

/** What lies in the corpus that the library cannot say anything about: the figure we give, and why; or why we give none. */
const others: Readonly<
  Record<
    string,
    { readonly parameters: number; readonly origin: 'exact' | 'assumed' } | { readonly reason: RegExp }
  >
> = {
  // Classes published beside their checkpoints; families/publishedCode.test.ts says where their figures stand.
  'Baichuan2-7B/config.json': { parameters: 7_505_973_248, origin: 'exact' },
  'Falcon-Perception/config.json': { parameters: 632_372_288, origin: 'exact' },
  'Molmo-7B-D/config.json': { parameters: 8_021_025_280, origin: 'exact' },
  'Qwen-7B-Chat/config.json': { parameters: 7_721_324_544, origin: 'exact' },
  'chatglm2-6b/config.json': { parameters: 6_243_584_032, origin: 'exact' },
  'moonshotai--Kimi-K3/config.json': { parameters: 2_779_931_837_184, origin: 'exact' },
  'nvidia--Llama-3_3-Nemotron-Super-49B-v1/config.json': { parameters: 49_867_145_216, origin: 'exact' },
  // The library's BertModel refuses cross-attention in an encoder, which BLIP's own class has.
  'blip-bert/med_config.json': { parameters: 137_850_624, origin: 'assumed' },
  // A training configuration around a BERT from before there was a model_type.
  'bing-bert/bert_large.json': { parameters: 426_303_488, origin: 'exact' },
  // No model configs: how a checkpoint was quantised.
  'Qwen--Qwen3-32B-FP8-Static-PerTensor/hf_quant_config.json': { reason: /neither architectures nor/u },
  'nvidia--Qwen3-235B-A22B-NVFP4/hf_quant_config.json': { reason: /neither architectures nor/u },
  'nvidia--Qwen3.6-35B-A3B-NVFP4/hf_quant_config.json': { reason: /neither architectures nor/u },
};

function answer(path: string): BlueprintOutcome {
  return blueprintFromConfig(parsedConfig(readFileSync(path, 'utf8')));
}

describe('real configs', () => {
  for (const [file, recorded] of Object.entries(recording.answers))
    it(`${file}: ${recorded.class} as the library has it`, function () {
      const path = sharedPath('corpus', 'hf-config', file);
      if (path === null) return this.skip();
      const outcome = answer(path);
      assert.ok(outcome.ok, outcome.ok ? '' : outcome.reason);
      assert.equal(outcome.blueprint.origin, 'exact');
      assert.equal(outcome.blueprint.tensors.length, recorded.tensors);
      assert.equal(parameterCount(outcome.blueprint), recorded.parameters);
      assert.equal(fingerprint(outcome.blueprint), recorded.fingerprint);
    });

  for (const [file, expected] of Object.entries(others))
    it(`${file}: ${'reason' in expected ? 'no answer, with a reason' : expected.parameters}`, function () {
      const path = sharedPath('corpus', 'hf-config', file);
      if (path === null) return this.skip();
      const outcome = answer(path);
      if ('reason' in expected) {
        assert.ok(!outcome.ok);
        assert.match(outcome.reason, expected.reason);
        return;
      }
      assert.ok(outcome.ok, outcome.ok ? '' : outcome.reason);
      assert.equal(parameterCount(outcome.blueprint), expected.parameters);
      assert.equal(outcome.blueprint.origin, expected.origin);
      assert.equal(
        outcome.blueprint.assumptions.length > 0,
        /^(?:nvidia|bing-bert)/u.test(file) || expected.origin === 'assumed',
      );
    });

  it('leaves none out', function () {
    const folder = sharedPath('corpus', 'hf-config');
    if (folder === null) return this.skip();
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.json'))
      .map((name) => name.replaceAll('\\', '/'));
    assert.deepEqual(
      files.filter((name) => !Object.hasOwn(recording.answers, name) && !Object.hasOwn(others, name)),
      [],
    );
  });
});
