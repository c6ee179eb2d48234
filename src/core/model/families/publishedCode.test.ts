import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { sharedPath } from '../../../../test/shared';
import { blueprintFromConfig } from '../blueprintFromConfig';
import type { Blueprint } from '../blueprint';
import { elements, parameterCount } from '../parameters';
import { weightBytes } from '../quantisation/weightBytes';

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
    // total_size 15442649088 of Qwen-7B's model.safetensors.index.json, two bytes an element; the same count in
    // https://github.com/MrYxJ/calculate-flops.pytorch (README, table of language models).
    source: 'total_size of the safetensors index',
    tensors: {
      'transformer.wte.weight': [151936, 4096],
      'transformer.h.31.attn.c_attn.bias': [12288],
      'transformer.h.0.mlp.w1.weight': [11008, 4096],
      'transformer.ln_f.weight': [4096],
    },
  },
  // Baichuan2-7B is the same with another vocabulary: 61,696 rows more in the embedding and in the output layer.
  'Baichuan-7B': {
    config: {
      architectures: ['BaiChuanForCausalLM'],
      model_type: 'baichuan',
      ...llamaLike,
      intermediate_size: 11008,
      vocab_size: 64000,
    },
    elements: 7_000_559_616,
    // https://github.com/MrYxJ/calculate-flops.pytorch (README, table of language models: baichuan-7B).
    source: 'published count of parameters',
    tensors: { 'model.layers.7.self_attn.W_pack.weight': [12288, 4096], 'lm_head.weight': [64000, 4096] },
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
    // total_size of THUDM/chatglm2-6b's pytorch_model.bin.index.json; 6,243,584,000 parameters in
    // https://github.com/MrYxJ/calculate-flops.pytorch and 32 saved rotary frequencies.
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
    // 227 tensors with 7,737,708,544 elements, also those of https://huggingface.co/internlm/internlm2_5-7b-chat.
    source: 'total_size of the index',
    tensors: {
      'model.layers.0.attention.wqkv.weight': [6144, 4096],
      'output.weight': [92544, 4096],
    },
  },
  'MiniCPM-2B': {
    config: {
      architectures: ['MiniCPMForCausalLM'],
      model_type: 'minicpm',
      hidden_size: 2304,
      intermediate_size: 5760,
      num_hidden_layers: 40,
      num_attention_heads: 36,
      num_key_value_heads: 36,
      vocab_size: 122753,
    },
    elements: 2_724_880_896,
    // https://github.com/embeddings-benchmark/mteb (n_parameters of openbmb/MiniCPM-Embedding).
    source: 'published count of parameters',
    tensors: { 'model.layers.39.mlp.down_proj.weight': [2304, 5760] },
  },
  'EXAONE-3.5-7.8B': {
    config: {
      architectures: ['ExaoneForCausalLM'],
      model_type: 'exaone',
      hidden_size: 4096,
      intermediate_size: 14336,
      num_layers: 32,
      num_attention_heads: 32,
      num_key_value_heads: 8,
      head_dim: 128,
      vocab_size: 102400,
      activation_function: 'silu',
      tie_word_embeddings: false,
    },
    elements: 7_818_448_896,
    // https://huggingface.co/LGAI-EXAONE/EXAONE-3.5-7.8B-Instruct
    source: 'safetensors files',
    tensors: {
      'transformer.h.0.attn.attention.k_proj.weight': [1024, 4096],
      'transformer.h.31.mlp.c_fc_1.weight': [14336, 4096],
    },
  },
  'InternVL2_5-8B': {
    config: {
      architectures: ['InternVLChatModel'],
      model_type: 'internvl_chat',
      downsample_ratio: 0.5,
      llm_config: {
        architectures: ['InternLM2ForCausalLM'],
        model_type: 'internlm2',
        ...llamaLike,
        num_key_value_heads: 8,
        intermediate_size: 14336,
        vocab_size: 92553,
        bias: false,
        hidden_act: 'silu',
      },
      vision_config: {
        hidden_size: 1024,
        intermediate_size: 4096,
        num_hidden_layers: 24,
        num_attention_heads: 16,
        image_size: 448,
        patch_size: 14,
        qkv_bias: true,
        qk_normalization: false,
        norm_type: 'layer_norm',
      },
    },
    elements: 8_075_365_376,
    // https://huggingface.co/OpenGVLab/InternVL2_5-8B
    source: 'safetensors files',
    tensors: {
      'vision_model.embeddings.position_embedding': [1, 1025, 1024],
      'vision_model.encoder.layers.23.attn.qkv.weight': [3072, 1024],
      'language_model.model.layers.0.attention.wqkv.weight': [6144, 4096],
      'mlp1.1.weight': [4096, 4096],
    },
  },
  'Molmo-7B-D': {
    config: {
      architectures: ['MolmoForCausalLM'],
      model_type: 'molmo',
      hidden_size: 3584,
      num_attention_heads: 28,
      num_key_value_heads: 4,
      num_hidden_layers: 28,
      intermediate_size: 37888,
      embedding_size: 152064,
      vocab_size: 152064,
      qkv_bias: true,
      layer_norm_type: 'rms',
    },
    elements: 8_021_025_280,
    // https://huggingface.co/allenai/Molmo-7B-D-0924: 8.02B parameters in F32, 29.9 GiB of files.
    source: 'safetensors files',
    tensors: {
      'model.transformer.wte.new_embedding': [128, 3584],
      'model.transformer.blocks.27.att_proj.weight': [4608, 3584],
      'model.transformer.blocks.0.ff_proj.weight': [37888, 3584],
      'model.vision_backbone.image_vit.transformer.resblocks.22.feed_forward.w1.weight': [4096, 1024],
      'model.vision_backbone.image_pooling_2d.wq.weight': [1024, 2048],
      'model.vision_backbone.image_projector.w2.weight': [3584, 18944],
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
        tensors.reduce((sum, { shape, tiedTo }) => (tiedTo === null ? sum + elements(shape) : sum), 0),
        model.elements,
      );
      for (const [tensor, shape] of Object.entries(model.tensors))
        assert.deepEqual(tensors.find((one) => one.name === tensor)?.shape, shape, tensor);
      assert.match(library, /published with the checkpoints/u);
    });

  it('GTE: the 305,368,320 parameters of files without a pooler', () => {
    // https://huggingface.co/Snowflake/snowflake-arctic-embed-m-v2.0, built on Alibaba-NLP/gte-multilingual-base.
    const { tensors } = blueprint({
      architectures: ['NewModel'],
      model_type: 'new',
      hidden_size: 768,
      intermediate_size: 3072,
      num_hidden_layers: 12,
      num_attention_heads: 12,
      vocab_size: 250048,
      type_vocab_size: 1,
      max_position_embeddings: 8192,
      hidden_act: 'gelu',
    });
    const held = tensors.filter(({ role }) => role !== 'pooler');
    assert.equal(
      held.reduce((sum, { shape }) => sum + elements(shape), 0),
      305_368_320,
    );
    for (const [tensor, shape] of [
      ['encoder.layer.0.attention.qkv_proj.weight', [2304, 768]],
      ['encoder.layer.11.mlp.up_gate_proj.weight', [6144, 768]],
    ] as const)
      assert.deepEqual(held.find(({ name }) => name === tensor)?.shape, shape, tensor);
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

  it('Molmo: the 29.9 GiB of its published files', () => {
    const molmo = published['Molmo-7B-D'];
    assert.ok(molmo !== undefined);
    assert.equal(((molmo.elements * 4) / 2 ** 30).toFixed(1), '29.9');
  });

  it('Falcon Perception: the 0.6 thousand million parameters that its card names', function () {
    // https://huggingface.co/blog/tiiuae/falcon-perception
    const path = sharedPath('corpus', 'hf-config', 'Falcon-Perception', 'config.json');
    if (path === null) return this.skip();
    const { tensors } = blueprint(JSON.parse(readFileSync(path, 'utf8')) as Published['config']);
    assert.equal((tensors.reduce((sum, { shape }) => sum + elements(shape), 0) / 1e9).toFixed(1), '0.6');
    for (const [tensor, shape] of [
      ['layers.0.attention.wqkv.weight', [4096, 1024]],
      ['layers.0.feed_forward.w13.weight', [6144, 1024]],
      ['img_projector.weight', [1024, 768]],
      ['freqs_cis_golden', [16, 32, 2]],
    ] as const)
      assert.deepEqual(tensors.find((one) => one.name === tensor)?.shape, shape, tensor);
  });

  it('Kimi K3: the tower, the experts and the bytes of its published checkpoint', function () {
    const path = sharedPath('corpus', 'hf-config', 'moonshotai--Kimi-K3', 'config.json');
    if (path === null) return this.skip();
    const kimi = blueprint(JSON.parse(readFileSync(path, 'utf8')) as Published['config']);
    const count = (component: string): number =>
      kimi.tensors
        .filter((tensor) => tensor.component === component)
        .reduce((sum, { shape }) => sum + elements(shape), 0);
    // https://github.com/1bit-MONSTER/1bit-MONSTER/pull/1050: a vision encoder of 401M parameters.
    assert.equal(Math.round(count('vision') / 1e6), 401);
    // https://github.com/ggml-org/llama.cpp/pull/26185: 92 × 896 × 3 quantised matrices in the files' headers.
    const experts = kimi.tensors.flatMap(({ module, stored = [] }) => (module === 'experts' ? stored : []));
    assert.equal(
      experts.reduce((sum, { count: copies }) => sum + (copies ?? 1), 0),
      247_296,
    );
    // https://github.com/manjunathshiva/turboquant-mlx/pull/71: 1.56 TB in 96 files, 2.8T parameters.
    const { total } = weightBytes(kimi, kimi.quantization);
    assert.equal((total / 1e12).toFixed(2), '1.56');
    assert.equal((parameterCount(kimi) / 1e12).toFixed(1), '2.8');
  });

  it('Nemotron NAS: the 49.9 thousand million parameters of Llama-3.3-Nemotron-Super-49B', function () {
    // https://huggingface.co/mmnga/Llama-3_3-Nemotron-Super-49B-v1-gguf (model size as the hub counts it).
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
