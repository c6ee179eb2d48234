import assert from 'node:assert/strict';
import { blueprintFromConfig } from '../blueprintFromConfig';
import { weightBytes } from './weightBytes';

/** `total_size` of the index of published checkpoints: bytes of all tensors, headers apart. */
const published: readonly {
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly bytes: number;
  /** Bytes of the files that are no weights, or that the config does not tell. */
  readonly besides?: number;
}[] = [
  ...(
    [
      [24, 32, 13_761_264_768],
      [36, 128, 65_248_815_744],
    ] as const
  ).map(([layers, experts, bytes]) => ({
    name: `openai/gpt-oss with ${experts} experts: MXFP4`,
    config: {
      architectures: ['GptOssForCausalLM'],
      vocab_size: 201088,
      hidden_size: 2880,
      intermediate_size: 2880,
      num_hidden_layers: layers,
      num_attention_heads: 64,
      num_key_value_heads: 8,
      head_dim: 64,
      num_local_experts: experts,
      num_experts_per_tok: 4,
      tie_word_embeddings: false,
      quantization_config: {
        quant_method: 'mxfp4',
        modules_to_not_convert: [
          'model.layers.*.self_attn',
          'model.layers.*.mlp.router',
          'model.embed_tokens',
          'lm_head',
        ],
      },
    },
    bytes,
  })),
  {
    name: 'Qwen3-14B-MLX-4bit',
    config: {
      architectures: ['Qwen3ForCausalLM'],
      head_dim: 128,
      hidden_size: 5120,
      intermediate_size: 17408,
      num_attention_heads: 40,
      num_hidden_layers: 40,
      num_key_value_heads: 8,
      tie_word_embeddings: false,
      torch_dtype: 'bfloat16',
      vocab_size: 151936,
      quantization: { group_size: 64, bits: 4 },
      quantization_config: { group_size: 64, bits: 4 },
    },
    bytes: 8_307_783_680,
  },
  {
    // The tower for images stays in 16 bits, and the decay of the linear layers is kept in 32.
    name: 'Qwen3.5-9B-MLX-8bit',
    config: {
      architectures: ['Qwen3_5ForConditionalGeneration'],
      model_type: 'qwen3_5',
      quantization: { group_size: 64, bits: 8, mode: 'affine' },
      tie_word_embeddings: false,
      text_config: {
        model_type: 'qwen3_5_text',
        dtype: 'bfloat16',
        head_dim: 256,
        hidden_size: 4096,
        intermediate_size: 12288,
        layer_types: Array.from({ length: 32 }, (_, layer) =>
          layer % 4 === 3 ? 'full_attention' : 'linear_attention',
        ),
        linear_conv_kernel_dim: 4,
        linear_key_head_dim: 128,
        linear_num_key_heads: 16,
        linear_num_value_heads: 32,
        linear_value_head_dim: 128,
        num_attention_heads: 16,
        num_hidden_layers: 32,
        num_key_value_heads: 4,
        vocab_size: 248320,
      },
      vision_config: {
        model_type: 'qwen3_5',
        depth: 27,
        hidden_size: 1152,
        in_channels: 3,
        intermediate_size: 4304,
        num_heads: 16,
        num_position_embeddings: 2304,
        out_hidden_size: 4096,
        patch_size: 16,
        spatial_merge_size: 2,
        temporal_patch_size: 2,
      },
    },
    bytes: 10_426_433_504,
    besides: 2 * 24 * 32,
  },
  {
    // Each of 112 matrices has a JSON document of some 80 bytes beside it (`quant_state.bitsandbytes__nf4`).
    name: 'Molmo-7B-D in NF4',
    config: {
      architectures: ['MolmoForCausalLM'],
      model_type: 'molmo',
      embedding_size: 152064,
      hidden_size: 3584,
      intermediate_size: 37888,
      num_attention_heads: 28,
      num_hidden_layers: 28,
      num_key_value_heads: 4,
      qkv_bias: true,
      tie_word_embeddings: false,
      torch_dtype: 'float16',
      vocab_size: 152064,
      quantization_config: {
        quant_method: 'bitsandbytes',
        load_in_4bit: true,
        bnb_4bit_quant_type: 'nf4',
        bnb_4bit_use_double_quant: false,
        llm_int8_skip_modules: [
          'model.vision_backbone',
          'model.transformer.ff_out',
          'model.transformer.ln_f',
        ],
      },
    },
    bytes: 6_661_964_712,
    besides: 9128,
  },
];

describe('quantised checkpoints as they were published', () => {
  for (const { name, config, bytes, besides = 0 } of published)
    it(name, () => {
      const outcome = blueprintFromConfig(config);
      assert.ok(outcome.ok, outcome.ok ? '' : outcome.reason);
      assert.equal(weightBytes(outcome.blueprint, outcome.blueprint.quantization).total, bytes - besides);
    });
});
