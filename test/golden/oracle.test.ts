import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { familyArchitectures } from '../../src/core/model/architectures';
import { generatedNames } from '../../src/core/model/generated/generatedTable';
import { assertEqualsLibrary, type Recording } from './recordedAnswer';

const folder = 'test/fixtures/oracle';

/** Classes whose code lies beside their checkpoints: families/publishedCode.test.ts holds them to published figures. */
const publishedElsewhere = new Set([
  'BaichuanForCausalLM',
  'BaichuanModel',
  'BaiChuanForCausalLM',
  'BaiChuanModel',
  'ChatGLMForConditionalGeneration',
  'ChatGLMModel',
  'DeciLMForCausalLM',
  'DeciLMModel',
  'ExaoneForCausalLM',
  'ExaoneForSequenceClassification',
  'ExaoneModel',
  'FalconPerceptionForSegmentation',
  'InternLM2ForCausalLM',
  'InternLM2Model',
  'InternVLChatModel',
  'KimiK3ForConditionalGeneration',
  'MiniCPMForCausalLM',
  'MiniCPMForSequenceClassification',
  'MiniCPMForTokenClassification',
  'MiniCPMModel',
  'MolmoForCausalLM',
  'NewForSequenceClassification',
  'NewForTokenClassification',
  'NewModel',
  'QWenLMHeadModel',
  'QWenModel',
]);

function recordings(): readonly Recording[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json.gz'))
    .map((name) => JSON.parse(gunzipSync(readFileSync(join(folder, name))).toString('utf8')) as Recording);
}

/** Answers for the classes of the generated table; none of their configs was used to find an expression. */
function generatedRecordings(): readonly Recording[] {
  return JSON.parse(
    gunzipSync(readFileSync(join(folder, 'generated', 'all.json.gz'))).toString('utf8'),
  ) as readonly Recording[];
}

describe('the Blueprint equals the library that defines the class', () => {
  const all = recordings();

  for (const recording of all) {
    const classes = [...new Set(recording.answers.map((answer) => answer.class))];
    for (const name of classes)
      it(`${name} (${recording.library})`, () => {
        for (const answer of recording.answers.filter((one) => one.class === name)) {
          assertEqualsLibrary(answer, recording.modelType);
        }
      });
  }

  it('knows no class of the library that was not recorded', () => {
    const recorded = new Set(all.flatMap(({ answers }) => answers.map((answer) => answer.class)));
    assert.deepEqual(
      familyArchitectures().filter((name) => !recorded.has(name) && !publishedElsewhere.has(name)),
      [],
    );
  });

  it('has at least three configs for every class', () => {
    const counts = new Map<string, number>();
    for (const { answers } of all)
      for (const answer of answers) counts.set(answer.class, (counts.get(answer.class) ?? 0) + 1);
    assert.deepEqual(
      [...counts].filter(([, count]) => count < 3),
      [],
    );
  });
});

describe('the generated table equals the library', () => {
  const all = generatedRecordings();

  for (const recording of all) {
    const classes = [...new Set(recording.answers.map((answer) => answer.class))];
    for (const name of classes)
      it(`${name} (${recording.library})`, () => {
        const answers = recording.answers.filter((one) => one.class === name);
        assert.ok(answers.length >= 2);
        for (const answer of answers) assertEqualsLibrary(answer, recording.modelType);
      });
  }

  it('holds no class that was not recorded', () => {
    const recorded = new Set(all.flatMap(({ answers }) => answers.map((answer) => answer.class)));
    assert.deepEqual(
      generatedNames().filter((name) => !recorded.has(name)),
      [],
    );
  });
});
