import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { sharedPath } from '../../../../test/shared';
import type { Recognition } from '../job';
import { recognise } from '../recognise';

const llama = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  hidden_size: 4096,
  intermediate_size: 14336,
  num_attention_heads: 32,
  num_hidden_layers: 32,
  num_key_value_heads: 8,
  vocab_size: 128256,
  max_position_embeddings: 131072,
};

function recognition(text: string, contextLength = 8192): Recognition {
  const { outcome } = recognise(text, { path: '/w/m/config.json', contextLength });
  assert.ok(outcome.outcome === 'recognised', JSON.stringify(outcome));
  return outcome.recognition;
}

const read = (config: object, contextLength?: number): Recognition =>
  recognition(JSON.stringify(config), contextLength);

describe('model config', () => {
  it('is a bare model: transformers, its own types, one sequence', () => {
    const { bareModel, jobs, problems } = read(llama);
    const [job] = jobs;
    assert.ok(bareModel && job !== undefined);
    assert.deepEqual(problems, []);
    assert.equal(job.document.engine.name, 'transformers');
    assert.equal(job.document.task, 'generate');
    assert.equal(job.document.inference.contextLength, 8192);
    assert.equal(job.document.inference.concurrency, 1);
    assert.deepEqual(job.document.models[0]?.config, llama);
    assert.equal(job.document.models[0].quantization, undefined);
    assert.equal(job.anchorKey, 'architectures');
    assert.deepEqual(job.modelReferences, [null]);
  });

  it('is read with the shorter of the setting and its own maximum', () => {
    const length = (config: object, wanted: number): number | undefined =>
      read(config, wanted).jobs[0]?.document.inference.contextLength;
    assert.equal(length({ ...llama, max_position_embeddings: 2048 }, 8192), 2048);
    assert.equal(length(llama, 4096), 4096);
    assert.equal(length({ ...llama, max_position_embeddings: undefined }, 4096), 4096);
    const gpt2 = {
      model_type: 'gpt2',
      n_embd: 768,
      n_layer: 12,
      n_head: 12,
      vocab_size: 50257,
      n_positions: 1024,
    };
    assert.equal(length(gpt2, 8192), 1024);
    assert.equal(read(gpt2).jobs[0]?.origins['inference.contextLength']?.key, 'n_positions');
  });

  it('names impossible numbers at their keys', () => {
    const cases: readonly (readonly [string, string])[] = [
      ['"num_hidden_layers": -32', 'num_hidden_layers'],
      ['"num_hidden_layers": 1e308', 'num_hidden_layers'],
      ['"num_hidden_layers": "many"', 'num_hidden_layers'],
      ['"num_attention_heads": 0', 'num_attention_heads'],
      ['"vocab_size": NaN', 'vocab_size'],
      ['"hidden_size": 4097', 'hidden_size'],
    ];
    for (const [pair, key] of cases) {
      const text = JSON.stringify(llama).replace(new RegExp(`"${key}":[^,}]+`), pair);
      const { problems, jobs } = recognition(text);
      const [problem] = problems;
      assert.ok(problem !== undefined, pair);
      assert.equal(problem.code, 'impossible-value');
      assert.match(problem.message, /expected /);
      assert.ok(problem.keySpan !== null && problem.valueSpan !== null, JSON.stringify(problem));
      assert.equal(jobs.length, 1);
    }
    const negative = recognition(JSON.stringify({ ...llama, num_hidden_layers: -32 })).problems[0];
    assert.match(negative!.message, /^num_hidden_layers is -32, expected/);
  });

  it('keeps duplicate and non-finite values from breaking anything', () => {
    const text = JSON.stringify(llama).replace(
      '}',
      ', "time_step_limit": [0.0, Infinity], "vocab_size": 32000}',
    );
    assert.equal(recognition(text).jobs[0]?.document.models[0]?.config?.['vocab_size'], 32000);
  });

  it('gives configs from before model_type their type', function () {
    const path = sharedPath('corpus', 'hf-config', 'bing-bert', 'bert_large.json');
    if (path === null) this.skip();
    const { jobs } = recognition(readFileSync(path, 'utf8'));
    const config = jobs[0]?.document.models[0]?.config;
    assert.equal(config?.['model_type'], 'bert');
    assert.equal(config['vocab_size'], 119547);
  });

  it('takes the declared target of a magic comment', () => {
    const text = `// rooflens: target=h100\n${JSON.stringify(llama)}`;
    assert.equal(recognition(text).jobs[0]?.declaredTarget, 'h100');
  });

  it('is run for what its class does', () => {
    const sizes = { hidden_size: 64, num_hidden_layers: 2, num_attention_heads: 4, intermediate_size: 128 };
    const task = (config: object): string | undefined => read(config).jobs[0]?.document.task;
    assert.equal(task(llama), 'generate');
    for (const [architecture, type, wanted] of [
      ['BertModel', 'bert', 'embed'],
      ['BertForMaskedLM', 'bert', 'embed'],
      ['BertForSequenceClassification', 'bert', 'classify'],
      ['ViTModel', 'vit', 'embed'],
      ['ViTForImageClassification', 'vit', 'classify'],
      ['Wav2Vec2ForCTC', 'wav2vec2', 'transcribe'],
      ['WhisperForConditionalGeneration', 'whisper', 'transcribe'],
      ['T5ForConditionalGeneration', 't5', 'generate'],
      ['NobodysForCausalLM', 'nobodys', 'generate'],
    ] as const)
      assert.equal(
        task({
          architectures: [architecture],
          model_type: type,
          ...(type === 'whisper' ? { d_model: 384 } : sizes),
        }),
        wanted,
        architecture,
      );
  });

  it('gives an image encoder the tokens of one image', () => {
    const vit = {
      architectures: ['ViTModel'],
      model_type: 'vit',
      hidden_size: 768,
      image_size: 224,
      patch_size: 16,
    };
    const [job] = read(vit).jobs;
    assert.equal(job?.document.inference.contextLength, 197);
    assert.equal(job.origins['inference.contextLength']?.key, 'image_size');
  });
});
