import assert from 'node:assert/strict';
import type { Recognition } from '../job';
import { recognise } from '../recognise';
import { sniffs } from '../sniff';

const meta = { dim: 64, multiple_of: 16, n_heads: 4, n_layers: 2, norm_eps: 1e-5, vocab_size: 100 };
const mistral = { ...meta, hidden_dim: 128, head_dim: 16, n_kv_heads: 2, max_seq_len: 2048 };
const litgpt = 'name: tiny\nn_layer: 2\nn_embd: 64\nn_head: 4\npadded_vocab_size: 100\nblock_size: 1024\n';
const keras = {
  module: 'keras',
  class_name: 'Sequential',
  config: {
    name: 'm',
    layers: [
      {
        module: 'keras.layers',
        class_name: 'Dense',
        config: { name: 'd', units: 3 },
        registered_name: null,
        build_config: { input_shape: [null, 4] },
      },
    ],
  },
  registered_name: 'Sequential',
};

function recognition(text: string, path: string): Recognition {
  assert.ok(sniffs(text, path), path);
  const { outcome } = recognise(text, { path, contextLength: 8192 });
  assert.ok(outcome.outcome === 'recognised', JSON.stringify(outcome));
  return outcome.recognition;
}

describe('model descriptions as documents', () => {
  it('are bare models at their first key', () => {
    for (const [text, path, kind, anchor] of [
      [JSON.stringify(meta), '/w/params.json', 'meta-params', 'dim'],
      [JSON.stringify(mistral), '/w/params.json', 'mistral-params', 'dim'],
      [litgpt, '/w/model_config.yaml', 'litgpt-model', 'name'],
      [JSON.stringify(keras), '/w/keras.json', 'keras-model', 'class_name'],
    ] as const) {
      const { kind: found, bareModel, jobs, problems } = recognition(text, path);
      assert.deepEqual([found, bareModel, jobs[0]?.anchorKey, problems.length], [kind, true, anchor, 0]);
      assert.equal(text.slice(jobs[0]?.anchor.start, jobs[0]?.anchor.end).replaceAll('"', ''), anchor);
    }
  });

  it('take the context that the model was made for', () => {
    const length = (text: string, path: string): number | undefined =>
      recognition(text, path).jobs[0]?.document.inference.contextLength;
    assert.equal(length(litgpt, '/w/model_config.yaml'), 1024);
    assert.equal(length(JSON.stringify(mistral), '/w/params.json'), 2048);
    assert.equal(length(JSON.stringify(meta), '/w/params.json'), 8192);
  });

  it('name the key that cannot be right', () => {
    const { problems } = recognition(JSON.stringify({ ...meta, n_heads: 5 }), '/w/params.json');
    assert.deepEqual(
      problems.map(({ message }) => message),
      ['n_heads is 5, expected a divisor of dim 64'],
    );
  });

  it('leave other files of those names alone', () => {
    for (const [text, path] of [
      ['{"dim": 3, "n_layers": 2, "n_heads": 1}', '/w/params.json'],
      ['{"class_name": "Dense", "module": "keras.layers"}', '/w/a.json'],
      ['n_embd: 3\nn_layer: 2\n', '/w/a.yaml'],
    ] as const)
      assert.equal(recognise(text, { path, contextLength: 8192 }).outcome.outcome, 'not-ours', text);
  });
});

describe('PEFT adapters as documents', () => {
  it('are the base model with the adapter, or a fragment', () => {
    const config = {
      base_model_name_or_path: 'org/base',
      peft_type: 'LORA',
      r: 8,
      target_modules: ['q_proj'],
    };
    const { kind, jobs, references } = recognition(JSON.stringify(config), '/w/a/adapter_config.json');
    assert.deepEqual([kind, jobs[0]?.anchorKey], ['peft-adapter', 'base_model_name_or_path']);
    assert.deepEqual(
      references.map(({ name }) => name),
      ['/w/a'],
    );
    const { outcome } = recognise(JSON.stringify({ ...config, base_model_name_or_path: null }), {
      path: '/w/a/adapter_config.json',
      contextLength: 8192,
    });
    assert.ok(outcome.outcome === 'fragment');
    assert.match(outcome.message, /base_model_name_or_path would complete it/);
  });
});
