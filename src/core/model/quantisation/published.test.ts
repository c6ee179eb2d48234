import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { sharedPath } from '../../../../test/shared';
import { blueprintFromConfig } from '../blueprintFromConfig';
import { weightBytes } from './weightBytes';

function llama(
  [hidden, intermediate, layers, heads, kvHeads]: readonly [number, number, number, number, number],
  changes: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  return {
    architectures: ['LlamaForCausalLM'],
    hidden_size: hidden,
    intermediate_size: intermediate,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    num_key_value_heads: kvHeads,
    vocab_size: 128256,
    tie_word_embeddings: false,
    torch_dtype: 'bfloat16',
    ...changes,
  };
}

const llama8b = [4096, 14336, 32, 32, 8] as const;
const llama70b = [8192, 28672, 80, 64, 8] as const;
const mlx = (bits: number): Readonly<Record<string, unknown>> => ({ quantization: { group_size: 64, bits } });
const compressed = (
  format: string,
  weights: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> => ({
  quantization_config: {
    quant_method: 'compressed-tensors',
    format,
    ignore: ['lm_head'],
    config_groups: { group_0: { targets: ['Linear'], weights } },
  },
});
/** MLX's modules of a layer that have 8 bits in groups of 64 where the rest has other bits. */
function eightBits(
  layers: number,
  modules: readonly string[],
  others: readonly string[] = [],
): Record<string, unknown> {
  const names = Array.from({ length: layers }, (_, layer) =>
    modules.map((module) => `model.layers.${layer}.${module}`),
  );
  return Object.fromEntries(
    [...names.flat(), ...others].map((name) => [name, { group_size: 64, bits: 8, mode: 'affine' }]),
  );
}
const gptOss20b = {
  architectures: ['GptOssForCausalLM'],
  vocab_size: 201088,
  hidden_size: 2880,
  intermediate_size: 2880,
  num_hidden_layers: 24,
  num_attention_heads: 64,
  num_key_value_heads: 8,
  head_dim: 64,
  num_local_experts: 32,
  num_experts_per_tok: 4,
  tie_word_embeddings: false,
  dtype: 'bfloat16',
};

/** `total_size` of the index of published checkpoints, or the sum of their headers: bytes of all tensors, headers apart. */
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
      ...gptOss20b,
      num_hidden_layers: layers,
      num_local_experts: experts,
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
  {
    name: 'mlx-community/SmolLM2-135M-Instruct-8bit',
    config: llama([576, 1536, 30, 9, 3], { vocab_size: 49152, tie_word_embeddings: true, ...mlx(8) }),
    bytes: 142_955_136,
  },
  {
    name: 'mlx-community/Llama-3.2-1B-Instruct-4bit',
    config: llama([2048, 8192, 16, 32, 8], { head_dim: 64, tie_word_embeddings: true, ...mlx(4) }),
    bytes: 695_242_752,
  },
  {
    name: 'mlx-community/Llama-3.2-3B-Instruct-4bit',
    config: llama([3072, 8192, 28, 24, 8], { head_dim: 128, tie_word_embeddings: true, ...mlx(4) }),
    bytes: 1_807_423_488,
  },
  { name: 'mlx-community/Llama-3.1-8B-Instruct-4bit', config: llama(llama8b, mlx(4)), bytes: 4_517_404_672 },
  {
    name: 'mlx-community/Llama-3.3-70B-Instruct-4bit',
    config: llama(llama70b, mlx(4)),
    bytes: 39_688_355_840,
  },
  {
    name: 'mlx-community/gpt-oss-20b-MXFP4-Q8',
    config: {
      ...gptOss20b,
      quantization: {
        group_size: 32,
        bits: 4,
        mode: 'mxfp4',
        ...eightBits(
          24,
          ['self_attn.q_proj', 'self_attn.k_proj', 'self_attn.v_proj', 'self_attn.o_proj', 'mlp.router'],
          ['model.embed_tokens', 'lm_head'],
        ),
      },
    },
    bytes: 12_076_119_168,
  },
  {
    name: 'mlx-community/Qwen3-Coder-30B-A3B-Instruct-4bit',
    config: {
      architectures: ['Qwen3MoeForCausalLM'],
      hidden_size: 2048,
      intermediate_size: 5472,
      moe_intermediate_size: 768,
      num_hidden_layers: 48,
      num_attention_heads: 32,
      num_key_value_heads: 4,
      head_dim: 128,
      num_experts: 128,
      num_experts_per_tok: 8,
      vocab_size: 151936,
      tie_word_embeddings: false,
      torch_dtype: 'bfloat16',
      quantization: { group_size: 64, bits: 4, ...eightBits(48, ['mlp.gate']) },
    },
    bytes: 17_180_913_664,
  },
  {
    name: 'mlx-community/Qwen3-Coder-Next-4bit',
    config: {
      architectures: ['Qwen3NextForCausalLM'],
      hidden_size: 2048,
      intermediate_size: 5120,
      moe_intermediate_size: 512,
      shared_expert_intermediate_size: 512,
      num_hidden_layers: 48,
      num_attention_heads: 16,
      num_key_value_heads: 2,
      head_dim: 256,
      linear_num_key_heads: 16,
      linear_num_value_heads: 32,
      linear_key_head_dim: 128,
      linear_value_head_dim: 128,
      linear_conv_kernel_dim: 4,
      full_attention_interval: 4,
      num_experts: 512,
      num_experts_per_tok: 10,
      vocab_size: 151936,
      tie_word_embeddings: false,
      torch_dtype: 'bfloat16',
      quantization: { group_size: 64, bits: 4, ...eightBits(48, ['mlp.gate', 'mlp.shared_expert_gate']) },
    },
    bytes: 44_844_060_160,
  },
  {
    name: 'RedHatAI Llama 3.1 8B, FP8-dynamic',
    config: llama(
      llama8b,
      compressed('float-quantized', { num_bits: 8, type: 'float', strategy: 'channel' }),
    ),
    bytes: 9_083_953_152,
  },
  {
    // The order of the inputs is stored with each matrix.
    name: 'RedHatAI Llama 3.3 70B, quantized.w4a16',
    config: llama(
      llama70b,
      compressed('pack-quantized', {
        num_bits: 4,
        type: 'int',
        strategy: 'group',
        group_size: 128,
        symmetric: true,
        actorder: 'group',
      }),
    ),
    bytes: 39_525_311_232,
  },
  {
    // AutoGPTQ wrote a bias of zeros in 16 bits for every output.
    name: 'RedHatAI Llama 3.1 8B, quantized.w4a16 as GPTQ',
    config: llama(llama8b, {
      quantization_config: { quant_method: 'gptq', bits: 4, group_size: 128, sym: true },
    }),
    bytes: 5_735_587_840,
    besides: 2 * 32 * (2 * 4096 + 2 * 1024 + 2 * 14336 + 4096),
  },
  {
    name: 'nvidia/Llama-3.3-70B-Instruct-FP4',
    config: llama(llama70b, {
      quantization_config: { quant_method: 'modelopt', quant_algo: 'NVFP4', ignore: ['lm_head'] },
    }),
    bytes: 42_709_045_632,
  },
  {
    name: 'RedHatAI Llama 3.3 70B, FP8-dynamic',
    config: llama(
      llama70b,
      compressed('float-quantized', { num_bits: 8, type: 'float', strategy: 'channel' }),
    ),
    bytes: 72_669_806_592,
  },
  {
    name: 'Qwen/Qwen3-32B-AWQ',
    config: {
      architectures: ['Qwen3ForCausalLM'],
      head_dim: 128,
      hidden_size: 5120,
      intermediate_size: 25600,
      num_attention_heads: 64,
      num_hidden_layers: 64,
      num_key_value_heads: 8,
      tie_word_embeddings: false,
      torch_dtype: 'float16',
      vocab_size: 151936,
      quantization_config: {
        quant_method: 'awq',
        bits: 4,
        group_size: 128,
        zero_point: true,
        version: 'gemm',
      },
    },
    bytes: 19_325_298_688,
  },
  {
    name: 'Llama 3 70B, AWQ of 4 bits in groups of 128',
    config: llama(llama70b, {
      torch_dtype: 'float16',
      quantization_config: {
        quant_method: 'awq',
        bits: 4,
        group_size: 128,
        zero_point: true,
        version: 'gemm',
      },
    }),
    bytes: 39_767_785_472,
  },
];

describe('quantised checkpoints as they were published', () => {
  it('a tower beside routers that the converter left as the rest: mlx-community/Qwen3.5-35B-A3B-4bit', function () {
    const path = sharedPath('corpus', 'hf-config', 'Qwen--Qwen3.5-35B-A3B', 'config.json');
    if (path === null) this.skip();
    const config = JSON.parse(readFileSync(path, 'utf8')) as Readonly<Record<string, unknown>>;
    const outcome = blueprintFromConfig({ ...config, ...mlx(4) });
    assert.ok(outcome.ok);
    // The decay of thirty linear layers is kept in 32 bits.
    assert.equal(
      weightBytes(outcome.blueprint, outcome.blueprint.quantization).total,
      20_391_405_152 - 2 * 30 * 32,
    );
  });

  for (const { name, config, bytes, besides = 0 } of published)
    it(name, () => {
      const outcome = blueprintFromConfig(config);
      assert.ok(outcome.ok, outcome.ok ? '' : outcome.reason);
      assert.equal(weightBytes(outcome.blueprint, outcome.blueprint.quantization).total, bytes - besides);
    });
});
