import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { sharedPath } from '../../../../test/shared';
import { blueprintFromConfig } from '../blueprintFromConfig';
import type { Blueprint } from '../blueprint';
import { elements, parameterCount } from '../parameters';

interface Published {
  readonly config: Readonly<Record<string, unknown>>;
  /** Elements of all tensors of the published checkpoint. */
  readonly elements: number;
  /** Where the figure stands. */
  readonly source: string;
  readonly tensors: Readonly<Record<string, readonly number[]>>;
}

const llamaLike = { hidden_size: 4096, num_attention_heads: 32, num_hidden_layers: 32 };

const published: Readonly<Record<string, Published>> = {
  'Qwen-7B': {
    config: {
      architectures: ['QWenLMHeadModel'],
      model_type: 'qwen',
      ...llamaLike,
      intermediate_size: 22016,
      kv_channels: 128,
      no_bias: true,
      vocab_size: 151936,
    },
    elements: 7_721_324_544,
    source: 'header of the safetensors files',
    tensors: {
      'transformer.wte.weight': [151936, 4096],
      'transformer.h.31.attn.c_attn.bias': [12288],
      'transformer.h.0.mlp.w1.weight': [11008, 4096],
      'transformer.ln_f.weight': [4096],
    },
  },
  'Baichuan2-7B': {
    config: {
      architectures: ['BaichuanForCausalLM'],
      model_type: 'baichuan',
      ...llamaLike,
      intermediate_size: 11008,
      vocab_size: 125696,
    },
    elements: 15_011_946_496 / 2,
    source: 'total_size of pytorch_model.bin.index.json',
    tensors: { 'model.layers.7.self_attn.W_pack.weight': [12288, 4096], 'lm_head.weight': [125696, 4096] },
  },
  'chatglm2-6b': {
    config: {
      architectures: ['ChatGLMModel'],
      model_type: 'chatglm',
      hidden_size: 4096,
      num_attention_heads: 32,
      num_layers: 28,
      padded_vocab_size: 65024,
      kv_channels: 128,
      ffn_hidden_size: 13696,
      multi_query_attention: true,
      multi_query_group_num: 2,
      add_qkv_bias: true,
      rmsnorm: true,
      post_layer_norm: true,
    },
    elements: 12_487_168_064 / 2,
    source: 'total_size of pytorch_model.bin.index.json',
    tensors: {
      'transformer.encoder.layers.0.self_attention.query_key_value.weight': [4608, 4096],
      'transformer.output_layer.weight': [65024, 4096],
    },
  },
  'internlm2-7b': {
    config: {
      architectures: ['InternLM2ForCausalLM'],
      model_type: 'internlm2',
      ...llamaLike,
      num_key_value_heads: 8,
      intermediate_size: 14336,
      vocab_size: 92544,
      bias: false,
      hidden_act: 'silu',
    },
    elements: 15_475_417_088 / 2,
    source: 'total_size of the index',
    tensors: {
      'model.layers.0.attention.wqkv.weight': [6144, 4096],
      'output.weight': [92544, 4096],
    },
  },
};

function blueprint(config: Readonly<Record<string, unknown>>): Blueprint {
  const outcome = blueprintFromConfig(config);
  assert.ok(outcome.ok, outcome.ok ? '' : outcome.reason);
  return outcome.blueprint;
}

describe('classes that are published beside their checkpoints', () => {
  for (const [name, model] of Object.entries(published))
    it(`${name}: the elements that the ${model.source} gives`, () => {
      const { tensors, library } = blueprint(model.config);
      assert.equal(
        tensors.reduce((sum, { shape }) => sum + elements(shape), 0),
        model.elements,
      );
      for (const [tensor, shape] of Object.entries(model.tensors))
        assert.deepEqual(tensors.find((one) => one.name === tensor)?.shape, shape, tensor);
      assert.match(library, /published with the checkpoints/u);
    });

  const block = (heads: number | null, multiple: number | null): unknown => ({
    attention: { n_heads_in_group: heads, no_op: heads === null, replace_with_linear: false },
    ffn: { ffn_mult: multiple, no_op: multiple === null, replace_with_linear: false },
  });
  const searched = {
    architectures: ['DeciLMForCausalLM'],
    model_type: 'nemotron-nas',
    hidden_size: 8192,
    num_attention_heads: 64,
    vocab_size: 128256,
    num_hidden_layers: 3,
    block_configs: [block(8, 5.25), block(null, 1.3125), block(8, null)],
  };

  it('Nemotron NAS: blocks without attention or without an MLP', () => {
    const { tensors, layers, assumptions } = blueprint(searched);
    assert.deepEqual(
      layers.map(({ attention, mlp }) => [attention?.kvHeads, mlp?.intermediate]),
      [
        [8, 28672],
        [undefined, 7168],
        [8, undefined],
      ],
    );
    assert.ok(!tensors.some(({ name }) => name === 'model.layers.1.input_layernorm.weight'));
    assert.equal(assumptions.length, 1);
  });

  it('Nemotron NAS: the 49.9 thousand million parameters of Llama-3.3-Nemotron-Super-49B', function () {
    const path = sharedPath('corpus', 'hf-config', 'nvidia--Llama-3_3-Nemotron-Super-49B-v1', 'config.json');
    if (path === null) return this.skip();
    const count = parameterCount(blueprint(JSON.parse(readFileSync(path, 'utf8')) as Published['config']));
    assert.equal(Math.round(count / 1e8), 499);
  });

  it('Nemotron NAS: blocks that are not right', () => {
    const outcome = blueprintFromConfig({ ...searched, block_configs: [block(7, 1), block(8, -1), 3] });
    assert.ok(!outcome.ok);
    assert.equal(outcome.problems[0]?.key, 'block_configs');
  });

  it('counts what floats as parameters', () => {
    const chatglm = published['chatglm2-6b'];
    assert.ok(chatglm !== undefined);
    assert.equal(parameterCount(blueprint(chatglm.config)), chatglm.elements);
  });
});
