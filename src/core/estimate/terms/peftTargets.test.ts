import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { fixturePath } from '../../../../test/fixtures';
import type { Blueprint } from '../../model/blueprint';
import { blueprintFromConfig } from '../../model/blueprintFromConfig';
import { loraPairs, pairElements } from './adapters';
import { peftTargets } from './peftTargets';

interface Recording {
  readonly models: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly runs: readonly {
    readonly case: string;
    readonly model: string;
    readonly config?: {
      readonly r: number;
      readonly target_modules: readonly string[] | 'all-linear';
      readonly target_parameters?: readonly string[];
    };
    readonly tensors?: Readonly<Record<string, number>>;
    readonly refused?: string;
  }[];
}

const { models, runs } = JSON.parse(
  gunzipSync(readFileSync(fixturePath('quant', 'adapters.json.gz'))).toString('utf8'),
) as Recording;

function model(name: string): Blueprint {
  const outcome = blueprintFromConfig(models[name]);
  return outcome.ok ? outcome.blueprint : assert.fail(outcome.reason);
}

describe('peftTargets', () => {
  for (const { case: name, model: key, config, tensors } of runs) {
    if (config === undefined || tensors === undefined) continue;
    it(`adapts what PEFT adapts: ${name} of ${key}`, () => {
      const modules = config.target_modules;
      const targets = modules === 'all-linear' ? modules : [...modules, ...(config.target_parameters ?? [])];
      const ours: Record<string, number> = {};
      const setting = { rank: config.r, targets, modulesToSave: [] };
      for (const pair of loraPairs(model(key), setting, false, 'transformers'))
        ours[pair.tensor.name] = (ours[pair.tensor.name] ?? 0) + pairElements(pair);
      assert.deepEqual(ours, tensors);
    });
  }

  it('stops where PEFT stops', () => {
    const refused = runs.find(({ refused: reason }) => reason !== undefined);
    assert.match(refused?.refused ?? '', /without also targeting up_proj/);
    const { refusal } = peftTargets(model('qwen3-moe'), ['gate_proj', 'q_proj'], 'transformers');
    assert.match(refusal ?? '', /^PEFT refuses LoRA on gate_proj alone/);
  });

  it('leaves the experts alone where an engine names the modules that it found, or has adapters of its own', () => {
    const elements = (engine: 'axolotl' | 'litgpt', key: string): number =>
      loraPairs(model(key), { rank: 8, targets: 'all-linear', modulesToSave: [] }, false, engine)
        .filter(({ tensor }) => tensor.module === 'experts')
        .reduce((sum, pair) => sum + pairElements(pair), 0);
    assert.equal(elements('axolotl', 'qwen3-moe'), 0);
    assert.equal(elements('litgpt', 'qwen3-moe'), 0);
    // Names of dense layers and shared experts among them stand for the experts.
    assert.ok(elements('axolotl', 'deepseek-v3') > 0);
  });
});
