import { decoder, float16, type KnownRow, named, row, type Shape, tied, untied } from './knownModelRow';

/** The tower of Qwen2.5-VL, which ends at the width of the text. */
const qwen25Vision = (hidden: number, intermediate: number): Record<string, unknown> => ({
  depth: 32,
  hidden_size: 1280,
  intermediate_size: intermediate,
  num_heads: 16,
  out_hidden_size: hidden,
  patch_size: 14,
  spatial_merge_size: 2,
  temporal_patch_size: 2,
  window_size: 112,
  fullatt_block_indexes: [7, 15, 23, 31],
});

const qwen25Vl = (size: string, shape: Shape, vision: number, ties = untied): KnownRow =>
  row(
    `Qwen/Qwen2.5-VL-${size}-Instruct`,
    [`qwen2.5-vl-${size}`],
    decoder('qwen2_5_vl', 'Qwen2_5_VLForConditionalGeneration', named(shape), {
      ...ties,
      vision_config: qwen25Vision(shape[2], vision),
    }),
  );

const qwen2Vl = (size: string, shape: Shape, ties = untied): KnownRow =>
  row(
    `Qwen/Qwen2-VL-${size}-Instruct`,
    [`qwen2-vl-${size}`],
    decoder('qwen2_vl', 'Qwen2VLForConditionalGeneration', named(shape), {
      ...ties,
      vision_config: { depth: 32, embed_dim: 1280, mlp_ratio: 4, num_heads: 16, hidden_size: shape[2] },
    }),
  );

const qwen3Vl = (size: string, shape: Shape, vision: Record<string, unknown>, ties = untied): KnownRow =>
  row(`Qwen/Qwen3-VL-${size}-Instruct`, [`qwen3-vl-${size}-thinking`], {
    model_type: 'qwen3_vl',
    architectures: ['Qwen3VLForConditionalGeneration'],
    torch_dtype: 'bfloat16',
    ...ties,
    text_config: decoder('qwen3_vl_text', 'Qwen3VLTextModel', named(shape), { ...ties, head_dim: 128 }),
    vision_config: { num_heads: 16, patch_size: 16, out_hidden_size: shape[2], ...vision },
  });

const largeVision = {
  depth: 27,
  hidden_size: 1152,
  intermediate_size: 4304,
  deepstack_visual_indexes: [8, 16, 24],
};
const smallVision = {
  depth: 24,
  hidden_size: 1024,
  intermediate_size: 4096,
  deepstack_visual_indexes: [5, 11, 17],
};

const clipLarge = {
  model_type: 'clip_vision_model',
  hidden_size: 1024,
  intermediate_size: 4096,
  num_hidden_layers: 24,
  num_attention_heads: 16,
  image_size: 336,
  patch_size: 14,
};

const llava = (size: string, shape: Shape): KnownRow =>
  row(`llava-hf/llava-1.5-${size}-hf`, [], {
    model_type: 'llava',
    architectures: ['LlavaForConditionalGeneration'],
    ...float16,
    ...untied,
    text_config: decoder('llama', 'LlamaForCausalLM', named(shape), { ...untied, ...float16 }),
    vision_config: clipLarge,
  });

const llama4 = (id: string, aliases: readonly string[], text: Record<string, unknown>): KnownRow =>
  row(id, aliases, {
    model_type: 'llama4',
    architectures: ['Llama4ForConditionalGeneration'],
    torch_dtype: 'bfloat16',
    ...untied,
    text_config: {
      ...decoder('llama4_text', 'Llama4ForCausalLM', named([202048, 48, 5120, 40, 8, 8192, 1048576]), untied),
      intermediate_size_mlp: 16384,
      head_dim: 128,
      num_experts_per_tok: 1,
      ...text,
    },
    vision_config: {
      hidden_size: 1408,
      intermediate_size: 5632,
      num_hidden_layers: 34,
      num_attention_heads: 16,
      image_size: 336,
      patch_size: 14,
      projector_input_dim: 4096,
      projector_output_dim: 4096,
      vision_output_dim: 4096,
    },
  });

/** Models of text with images: the numbers that publishers state in their configs and papers. */
export const knownMultimodal: readonly KnownRow[] = [
  qwen2Vl('2B', [151936, 28, 1536, 12, 2, 8960, 32768], tied),
  qwen2Vl('7B', [152064, 28, 3584, 28, 4, 18944, 32768]),
  qwen2Vl('72B', [152064, 80, 8192, 64, 8, 29568, 32768]),
  qwen25Vl('3B', [151936, 36, 2048, 16, 2, 11008, 128000], 3420, tied),
  qwen25Vl('7B', [152064, 28, 3584, 28, 4, 18944, 128000], 3420),
  qwen25Vl('32B', [152064, 64, 5120, 40, 8, 27648, 128000], 3456),
  qwen25Vl('72B', [152064, 80, 8192, 64, 8, 29568, 128000], 3456),
  qwen3Vl('2B', [151936, 28, 2048, 16, 8, 6144, 262144], smallVision, tied),
  qwen3Vl('4B', [151936, 36, 2560, 32, 8, 9728, 262144], smallVision, tied),
  qwen3Vl('8B', [151936, 36, 4096, 32, 8, 12288, 262144], largeVision),
  llava('7b', [32064, 32, 4096, 32, 32, 11008, 4096]),
  llava('13b', [32064, 40, 5120, 40, 40, 13824, 4096]),
  llama4('meta-llama/Llama-4-Scout-17B-16E-Instruct', ['llama-4-scout-17b-16e'], {
    num_local_experts: 16,
    interleave_moe_layer_step: 1,
    max_position_embeddings: 10485760,
  }),
  llama4('meta-llama/Llama-4-Maverick-17B-128E-Instruct', ['llama-4-maverick-17b-128e'], {
    num_local_experts: 128,
    interleave_moe_layer_step: 2,
    use_qk_norm: false,
  }),
  row('meta-llama/Llama-3.2-11B-Vision', ['llama-3.2-11b-vision-instruct'], {
    model_type: 'mllama',
    architectures: ['MllamaForConditionalGeneration'],
    torch_dtype: 'bfloat16',
    text_config: decoder(
      'mllama_text_model',
      'MllamaForCausalLM',
      named([128256, 40, 4096, 32, 8, 14336, 131072]),
      {
        ...untied,
        cross_attention_layers: [3, 8, 13, 18, 23, 28, 33, 38],
      },
    ),
    vision_config: { image_size: 560 },
  }),
  row(
    'mistralai/Mistral-Small-3.1-24B-Instruct-2503',
    ['mistral-small-3.1-24b', 'mistral-small-3.2-24b-instruct-2506'],
    {
      model_type: 'mistral3',
      architectures: ['Mistral3ForConditionalGeneration'],
      torch_dtype: 'bfloat16',
      ...untied,
      text_config: decoder('mistral', 'MistralForCausalLM', named([131072, 40, 5120, 32, 8, 32768, 131072]), {
        ...untied,
        head_dim: 128,
        sliding_window: null,
      }),
      vision_config: {
        model_type: 'pixtral',
        hidden_size: 1024,
        intermediate_size: 4096,
        num_hidden_layers: 24,
        num_attention_heads: 16,
        image_size: 1540,
        patch_size: 14,
      },
      spatial_merge_size: 2,
      multimodal_projector_bias: false,
    },
  ),
  row('openai/clip-vit-large-patch14', [], {
    model_type: 'clip',
    architectures: ['CLIPModel'],
    torch_dtype: 'float32',
    projection_dim: 768,
    text_config: {
      vocab_size: 49408,
      hidden_size: 768,
      intermediate_size: 3072,
      num_hidden_layers: 12,
      num_attention_heads: 12,
      projection_dim: 768,
    },
    vision_config: { ...clipLarge, image_size: 224, projection_dim: 768 },
  }),
  row('openai/clip-vit-base-patch32', [], {
    model_type: 'clip',
    architectures: ['CLIPModel'],
    torch_dtype: 'float32',
    projection_dim: 512,
    text_config: {},
    vision_config: {},
  }),
];
