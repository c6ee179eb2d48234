import assert from 'node:assert/strict';
import type { Blueprint, ConfigProblem } from '../blueprint';
import { blueprintFromConfig } from '../blueprintFromConfig';

function blueprint(config: unknown): Blueprint {
  const outcome = blueprintFromConfig(config);
  assert.ok(outcome.ok, outcome.ok ? '' : outcome.reason);
  return outcome.blueprint;
}

function problems(config: unknown): readonly ConfigProblem[] {
  const outcome = blueprintFromConfig(config);
  assert.ok(!outcome.ok);
  return outcome.problems;
}

const xglm = {
  architectures: ['XGLMForCausalLM'],
  model_type: 'xglm',
  d_model: 64,
  attention_heads: 4,
  num_layers: 2,
};

describe('classes of the generated table', () => {
  it('say that they are generated', () => {
    const { library, origin, task } = blueprint(xglm);
    assert.match(library, /^transformers .*, generated$/u);
    assert.equal(origin, 'exact');
    assert.equal(task, 'generate');
  });

  it('know what a layer keeps and computes', () => {
    const { layers, hidden, vocab, maxContext } = blueprint(xglm);
    assert.deepEqual([hidden, vocab, maxContext], [64, 256_008, 2048]);
    assert.equal(layers.length, 2);
    const [layer] = layers;
    assert.deepEqual(
      [layer?.attention?.kvHeads, layer?.attention?.keyDim, layer?.attention?.causal],
      [4, 16, true],
    );
    assert.deepEqual(layer?.mlp, { kind: 'plain', intermediate: 4096, moe: null });
  });

  it('tie the output layer when the config says so', () => {
    const { tensors } = blueprint(xglm);
    assert.equal(tensors.find(({ name }) => name === 'lm_head.weight')?.tiedTo, 'model.embed_tokens.weight');
    const apart = blueprint({ ...xglm, tie_word_embeddings: false }).tensors;
    assert.equal(apart.find(({ name }) => name === 'lm_head.weight')?.tiedTo, null);
  });

  it('are found by the model type alone', () => {
    assert.equal(blueprint({ model_type: 'xglm' }).architecture, 'XGLMForCausalLM');
  });

  it('are assumed for a class of the model type that is not known', () => {
    const other = blueprint({ ...xglm, architectures: ['XGLMForSomething'] });
    assert.equal(other.origin, 'assumed');
    assert.equal(other.assumptions.length, 1);
  });

  it('name the field that cannot be right', () => {
    assert.deepEqual(problems({ ...xglm, d_model: 'wide' })[0]?.key, 'd_model');
    assert.deepEqual(problems({ ...xglm, num_layers: 1e6 })[0]?.key, 'num_layers');
    assert.deepEqual(problems({ ...xglm, ffn_dim: null })[0]?.key, 'ffn_dim');
  });

  it('build the parts of a class with what their sections name', () => {
    const config = { architectures: ['Blip2ForConditionalGeneration'], model_type: 'blip-2' };
    const opt = blueprint(config);
    assert.ok(opt.tensors.some(({ name }) => name === 'language_model.model.decoder.embed_tokens.weight'));
    assert.ok(opt.tensors.some(({ component }) => component === 'vision'));
    const t5 = blueprint({ ...config, text_config: { model_type: 't5' } });
    assert.ok(t5.tensors.some(({ name }) => name === 'language_model.shared.weight'));
    assert.deepEqual(
      problems({ ...config, text_config: { model_type: 'nothing_of_the_kind', hidden_size: -1 } }).length > 0,
      true,
    );
  });
});
