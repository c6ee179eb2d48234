import assert from 'node:assert/strict';
import { blueprintFromConfig } from './blueprintFromConfig';
import type { Blueprint, ConfigProblem } from './blueprint';
import { activeParameterCount, parameterCount } from './parameters';

/** The shape of an 8 B llama: facts, not anyone's file. */
const llama8b = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  vocab_size: 128_256,
  hidden_size: 4096,
  intermediate_size: 14_336,
  num_hidden_layers: 32,
  num_attention_heads: 32,
  num_key_value_heads: 8,
  max_position_embeddings: 131_072,
  torch_dtype: 'bfloat16',
};

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

describe('blueprintFromConfig', () => {
  it('gives the tensors of a llama', () => {
    const b = blueprint(llama8b);
    assert.equal(parameterCount(b), 8_030_261_248);
    assert.equal(activeParameterCount(b), 8_030_261_248);
    assert.equal(b.tensors.length, 291);
    assert.equal(b.layers.length, 32);
    assert.equal(b.dtype, 'bf16');
    assert.equal(b.maxContext, 131_072);
    assert.deepEqual(b.layers[0]?.attention?.kvHeads, 8);
    assert.deepEqual(
      b.tensors.find((t) => t.name === 'model.layers.31.self_attn.k_proj.weight')?.shape,
      [1024, 4096],
    );
  });

  it('ties the output layer when the config says so', () => {
    const b = blueprint({ ...llama8b, tie_word_embeddings: true });
    assert.equal(b.tensors.find((t) => t.name === 'lm_head.weight')?.tiedTo, 'model.embed_tokens.weight');
    assert.equal(parameterCount(b), 8_030_261_248 - 128_256 * 4096);
  });

  it('fills missing fields with the defaults of the class', () => {
    const b = blueprint({ model_type: 'llama' });
    assert.equal(b.architecture, 'LlamaForCausalLM');
    assert.equal(parameterCount(b), 6_738_415_616);
    assert.match(b.assumptions.join(), /no architectures/);
  });

  it('ignores a sliding window of qwen2 that is not switched on', () => {
    const config = { architectures: ['Qwen2ForCausalLM'], num_hidden_layers: 30, sliding_window: 1024 };
    assert.ok(blueprint(config).layers.every((layer) => layer.attention?.window === null));
    const on = blueprint({ ...config, use_sliding_window: true });
    assert.deepEqual(
      on.layers.map((layer) => layer.attention?.window),
      [...Array<null>(28).fill(null), 1024, 1024],
    );
  });

  it('names key, value and expectation of what cannot be right', () => {
    for (const [key, value, expected] of [
      ['num_hidden_layers', -1, 'a positive integer'],
      ['num_hidden_layers', 1e308, 'at most 4096'],
      ['num_hidden_layers', 1e6, 'at most 4096'],
      ['hidden_size', '4096', 'a positive integer'],
      ['hidden_size', 4096.5, 'a positive integer'],
      ['hidden_size', null, 'a positive integer'],
      ['num_key_value_heads', 5, 'a divisor of num_attention_heads 32'],
      ['num_attention_heads', 24, 'a divisor of hidden_size 4096'],
      ['tie_word_embeddings', 'yes', 'true or false'],
      ['torch_dtype', 'half-ish', 'a floating-point type such as bfloat16'],
    ] as const)
      assert.deepEqual(problems({ ...llama8b, [key]: value })[0], {
        key,
        value: JSON.stringify(value),
        expected,
      });
  });

  it('does not refuse a quantised checkpoint that names the type of its packed weights', () => {
    const b = blueprint({ ...llama8b, torch_dtype: 'int8' });
    assert.equal(b.dtype, 'bf16');
    assert.equal(b.dtypeOrigin, 'assumed');
  });

  it('takes the switch of the first Qwen for its dtype', () => {
    const rest = { ...llama8b, torch_dtype: undefined };
    assert.equal(blueprint({ ...rest, bf16: true, fp16: false }).dtype, 'bf16');
    assert.equal(blueprint({ ...rest, bf16: false, fp16: true }).dtype, 'f16');
    assert.equal(blueprint({ ...rest, bf16: false }).dtypeOrigin, 'default');
    assert.equal(blueprint({ ...llama8b, fp16: true }).dtype, 'bf16');
  });

  it('reads configs from before there was a model_type as BERT, a job around one too', () => {
    const old = {
      vocab_size_or_config_json_file: 119547,
      hidden_size: 1024,
      num_hidden_layers: 24,
      num_attention_heads: 16,
      intermediate_size: 4096,
    };
    assert.equal(blueprint(old).modelType, 'bert');
    assert.equal(blueprint(old).vocab, 119547);
    assert.equal(blueprint({ name: 'job', bert_model_config: old }).layers.length, 24);
    assert.equal(blueprintFromConfig({ ...old, hidden_size: undefined, name: 'x' }).ok, false);
    assert.equal(blueprintFromConfig({ bert_model_config: {} }).ok, false);
  });

  it('says which class it does not know', () => {
    for (const [config, reason] of [
      [
        { architectures: ['FooForCausalLM'], model_type: 'foo' },
        /unknown architecture: class "FooForCausalLM"/,
      ],
      [{ name: 'x' }, /neither architectures nor model_type/],
      [[], /is an object/],
      [null, /is an object/],
    ] as const) {
      const outcome = blueprintFromConfig(config);
      assert.ok(!outcome.ok);
      assert.match(outcome.reason, reason);
    }
  });

  it('refuses more levels of resolution than any picture has', () => {
    for (const name of ['AutoencoderKL', 'UNet2DModel', 'AutoencoderTiny']) {
      const key = name === 'AutoencoderTiny' ? 'decoder_block_out_channels' : 'block_out_channels';
      const outcome = blueprintFromConfig({
        _class_name: name,
        [key]: Array.from({ length: 2000 }, () => 32),
      });
      assert.ok(!outcome.ok);
      assert.ok(
        outcome.problems.some((problem) => problem.key === key && /16/.test(problem.expected)),
        name,
      );
    }
  });
});
