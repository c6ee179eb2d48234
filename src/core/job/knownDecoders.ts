import {
  type Config,
  decoder,
  float16,
  float32,
  type KnownRow,
  named,
  row,
  type Shape,
  tied,
  untied,
} from './knownModelRow';

const llama = (id: string, shape: Shape, more: Config = {}, aliases: readonly string[] = []): KnownRow =>
  row(id, aliases, decoder('llama', 'LlamaForCausalLM', named(shape), { ...untied, ...more }));
const mistral = (id: string, shape: Shape, more: Config = {}, aliases: readonly string[] = []): KnownRow =>
  row(
    id,
    aliases,
    decoder('mistral', 'MistralForCausalLM', named(shape), { ...untied, sliding_window: null, ...more }),
  );
const qwen2 = (id: string, shape: Shape, more: Config = {}, aliases: readonly string[] = []): KnownRow =>
  row(id, aliases, decoder('qwen2', 'Qwen2ForCausalLM', named(shape), { ...untied, ...more }));
const qwen3 = (id: string, shape: Shape, more: Config = {}, aliases: readonly string[] = []): KnownRow =>
  row(id, aliases, decoder('qwen3', 'Qwen3ForCausalLM', named(shape), { ...untied, head_dim: 128, ...more }));
const gemma = (id: string, shape: Shape): KnownRow =>
  row(id, [], decoder('gemma', 'GemmaForCausalLM', named(shape), { ...tied, head_dim: 256 }));
const gemma2 = (id: string, shape: Shape, headDim: number): KnownRow =>
  row(
    id,
    [],
    decoder('gemma2', 'Gemma2ForCausalLM', named(shape), {
      ...tied,
      head_dim: headDim,
      sliding_window: 4096,
    }),
  );
const gemma3Text = (id: string, shape: Shape): KnownRow =>
  row(
    id,
    [],
    decoder('gemma3_text', 'Gemma3ForCausalLM', named(shape), {
      ...tied,
      head_dim: 256,
      sliding_window: 512,
    }),
  );
const gemma3 = (id: string, shape: Shape, headDim: number): KnownRow =>
  row(id, [], {
    model_type: 'gemma3',
    architectures: ['Gemma3ForConditionalGeneration'],
    torch_dtype: 'bfloat16',
    text_config: decoder('gemma3_text', 'Gemma3ForCausalLM', named(shape), {
      ...tied,
      head_dim: headDim,
      sliding_window: 1024,
    }),
    vision_config: {
      model_type: 'siglip_vision_model',
      hidden_size: 1152,
      num_hidden_layers: 27,
      num_attention_heads: 16,
      intermediate_size: 4304,
      image_size: 896,
      patch_size: 14,
      vision_use_head: false,
    },
    mm_tokens_per_image: 256,
  });
const phi3 = (id: string, shape: Shape, more: Config = {}, aliases: readonly string[] = []): KnownRow =>
  row(id, aliases, decoder('phi3', 'Phi3ForCausalLM', named(shape), { ...untied, ...more }));
const neox = (id: string, [vocab, layers, hidden, heads, , mlp, context]: Shape): KnownRow =>
  row(id, [], {
    model_type: 'gpt_neox',
    architectures: ['GPTNeoXForCausalLM'],
    vocab_size: vocab,
    num_hidden_layers: layers,
    hidden_size: hidden,
    num_attention_heads: heads,
    intermediate_size: mlp,
    max_position_embeddings: context,
    ...untied,
    ...float16,
  });
const gpt2 = (id: string, layers: number, hidden: number, heads: number): KnownRow =>
  row(id, [`openai-community/${id}`], {
    model_type: 'gpt2',
    architectures: ['GPT2LMHeadModel'],
    vocab_size: 50257,
    n_layer: layers,
    n_embd: hidden,
    n_head: heads,
    n_positions: 1024,
    ...float32,
  });
const bert = (id: string, vocab: number, layers: number, hidden: number, heads: number): KnownRow =>
  row(id, [`google-bert/${id}`], {
    model_type: 'bert',
    architectures: ['BertForMaskedLM'],
    vocab_size: vocab,
    num_hidden_layers: layers,
    hidden_size: hidden,
    num_attention_heads: heads,
    intermediate_size: hidden * 4,
    max_position_embeddings: 512,
    ...float32,
  });
const roberta = (
  id: string,
  modelType: string,
  architecture: string,
  vocab: number,
  layers: number,
  hidden: number,
  heads: number,
): KnownRow =>
  row(id, [`FacebookAI/${id}`], {
    model_type: modelType,
    architectures: [architecture],
    vocab_size: vocab,
    num_hidden_layers: layers,
    hidden_size: hidden,
    num_attention_heads: heads,
    intermediate_size: hidden * 4,
    max_position_embeddings: 514,
    type_vocab_size: 1,
    ...float32,
  });

const gptOss = (id: string, layers: number, experts: number): KnownRow =>
  row(
    id,
    [],
    decoder('gpt_oss', 'GptOssForCausalLM', named([201088, layers, 2880, 64, 8, 2880, 131072]), {
      ...untied,
      head_dim: 64,
      num_local_experts: experts,
      num_experts_per_tok: 4,
      sliding_window: 128,
      quantization_config: {
        quant_method: 'mxfp4',
        modules_to_not_convert: [
          'model.layers.*.self_attn',
          'model.layers.*.mlp.router',
          'model.embed_tokens',
          'lm_head',
        ],
      },
    }),
  );
const opt = (id: string, layers: number, hidden: number, heads: number): KnownRow =>
  row(id, [], {
    model_type: 'opt',
    architectures: ['OPTForCausalLM'],
    vocab_size: 50272,
    num_hidden_layers: layers,
    hidden_size: hidden,
    word_embed_proj_dim: hidden,
    num_attention_heads: heads,
    ffn_dim: hidden * 4,
    max_position_embeddings: 2048,
    ...float16,
  });
const bloom = (id: string, layers: number, hidden: number, heads: number): KnownRow =>
  row(id, [], {
    model_type: 'bloom',
    architectures: ['BloomForCausalLM'],
    vocab_size: 250880,
    n_layer: layers,
    hidden_size: hidden,
    n_head: heads,
    ...float16,
  });
const starcoder2 = (id: string, shape: Shape, ties: Config = tied): KnownRow =>
  row(id, [], decoder('starcoder2', 'Starcoder2ForCausalLM', named(shape), { ...ties, use_bias: true }));

/** Dense decoders and the encoders of BERT's family. Shapes only: the numbers that publishers state in their configs and papers. */
export const knownDecoders: readonly KnownRow[] = [
  llama('huggyllama/llama-7b', [32000, 32, 4096, 32, 32, 11008, 2048], float16, [
    'decapoda-research/llama-7b-hf',
  ]),
  llama('meta-llama/Llama-2-7b-hf', [32000, 32, 4096, 32, 32, 11008, 4096], float16, [
    'llama-2-7b',
    'llama2-7b',
    'vicuna-7b-v1.5',
  ]),
  llama('meta-llama/Llama-2-13b-hf', [32000, 40, 5120, 40, 40, 13824, 4096], float16, [
    'llama-2-13b',
    'llama2-13b',
    'vicuna-13b-v1.5',
  ]),
  llama('meta-llama/Llama-2-70b-hf', [32000, 80, 8192, 64, 8, 28672, 4096], float16, [
    'llama-2-70b',
    'llama2-70b',
  ]),
  llama('codellama/CodeLlama-7b-hf', [32016, 32, 4096, 32, 32, 11008, 16384], {}, ['codellama-7b']),
  llama('codellama/CodeLlama-13b-hf', [32016, 40, 5120, 40, 40, 13824, 16384], {}, ['codellama-13b']),
  llama('codellama/CodeLlama-34b-hf', [32000, 48, 8192, 64, 8, 22016, 16384], {}, ['codellama-34b']),
  llama('meta-llama/Meta-Llama-3-8B', [128256, 32, 4096, 32, 8, 14336, 8192], {}, [
    'llama-3-8b',
    'llama3-8b',
  ]),
  llama('meta-llama/Meta-Llama-3-70B', [128256, 80, 8192, 64, 8, 28672, 8192], {}, [
    'llama-3-70b',
    'llama3-70b',
  ]),
  llama('meta-llama/Llama-3.1-8B', [128256, 32, 4096, 32, 8, 14336, 131072], {}, [
    'meta-llama-3.1-8b',
    'llama3.1-8b',
    'deepseek-r1-distill-llama-8b',
    'hermes-3-llama-3.1-8b',
    'llama-3.1-tulu-3-8b',
  ]),
  llama('meta-llama/Llama-3.1-70B', [128256, 80, 8192, 64, 8, 28672, 131072], {}, [
    'meta-llama-3.1-70b',
    'llama3.1-70b',
    'llama-3.3-70b',
    'deepseek-r1-distill-llama-70b',
  ]),
  llama('meta-llama/Llama-3.1-405B', [128256, 126, 16384, 128, 8, 53248, 131072], {}, [
    'meta-llama-3.1-405b',
    'llama3.1-405b',
  ]),
  llama('meta-llama/Llama-3.2-1B', [128256, 16, 2048, 32, 8, 8192, 131072], { ...tied, head_dim: 64 }, [
    'llama3.2-1b',
  ]),
  llama('meta-llama/Llama-3.2-3B', [128256, 28, 3072, 24, 8, 8192, 131072], { ...tied, head_dim: 128 }, [
    'llama3.2-3b',
  ]),
  llama('TinyLlama/TinyLlama-1.1B-intermediate-step-1431k-3T', [32000, 22, 2048, 32, 4, 5632, 2048], {}, [
    'tinyllama-1.1b',
    'tinyllama_v1.1',
    'tinyllama-1.1b-chat-v1.0',
  ]),
  llama('01-ai/Yi-6B', [64000, 32, 4096, 32, 4, 11008, 4096], {}, ['yi-1.5-6b']),
  llama('01-ai/Yi-1.5-9B', [64000, 48, 4096, 32, 4, 11008, 4096]),
  llama('01-ai/Yi-34B', [64000, 60, 7168, 56, 8, 20480, 4096], {}, ['yi-1.5-34b']),
  llama('deepseek-ai/deepseek-llm-7b-base', [102400, 30, 4096, 32, 32, 11008, 4096], {}, ['deepseek-llm-7b']),
  llama('deepseek-ai/deepseek-coder-6.7b-base', [32256, 32, 4096, 32, 32, 11008, 16384], {}, [
    'deepseek-coder-6.7b',
  ]),
  llama('upstage/SOLAR-10.7B-v1.0', [32000, 48, 4096, 32, 8, 14336, 4096], float16, ['solar-10.7b']),
  llama('HuggingFaceTB/SmolLM2-135M', [49152, 30, 576, 9, 3, 1536, 8192], tied),
  llama('HuggingFaceTB/SmolLM2-360M', [49152, 32, 960, 15, 5, 2560, 8192], tied),
  llama('HuggingFaceTB/SmolLM2-1.7B', [49152, 24, 2048, 32, 32, 8192, 8192], tied),
  mistral('mistralai/Mistral-7B-v0.1', [32000, 32, 4096, 32, 8, 14336, 32768], { sliding_window: 4096 }, [
    'mistral-7b-instruct-v0.1',
    'zephyr-7b-beta',
    'openhermes-2.5-mistral-7b',
  ]),
  mistral('mistralai/Mistral-7B-Instruct-v0.2', [32000, 32, 4096, 32, 8, 14336, 32768], {}, [
    'mistral-7b-v0.2',
  ]),
  mistral('mistralai/Mistral-7B-v0.3', [32768, 32, 4096, 32, 8, 14336, 32768], {}, [
    'mistral-7b-instruct-v0.3',
  ]),
  mistral('mistralai/Mistral-Nemo-Base-2407', [131072, 40, 5120, 32, 8, 14336, 131072], { head_dim: 128 }, [
    'mistral-nemo-instruct-2407',
    'mistral-nemo',
  ]),
  mistral(
    'mistralai/Mistral-Small-24B-Base-2501',
    [131072, 40, 5120, 32, 8, 32768, 32768],
    { head_dim: 128 },
    ['mistral-small-24b-instruct-2501', 'mistral-small-24b'],
  ),
  row(
    'mistralai/Mixtral-8x7B-v0.1',
    ['mixtral-8x7b-instruct-v0.1', 'mixtral-8x7b'],
    decoder('mixtral', 'MixtralForCausalLM', named([32000, 32, 4096, 32, 8, 14336, 32768]), {
      ...untied,
      num_local_experts: 8,
      num_experts_per_tok: 2,
      sliding_window: null,
    }),
  ),
  qwen2('Qwen/Qwen2.5-0.5B', [151936, 24, 896, 14, 2, 4864, 32768], tied, [
    'qwen2-0.5b',
    'qwen2.5-coder-0.5b',
  ]),
  qwen2('Qwen/Qwen2.5-1.5B', [151936, 28, 1536, 12, 2, 8960, 131072], tied, [
    'qwen2-1.5b',
    'qwen2.5-coder-1.5b',
    'qwen2.5-math-1.5b',
  ]),
  qwen2('Qwen/Qwen2.5-3B', [151936, 36, 2048, 16, 2, 11008, 32768], tied, ['qwen2.5-coder-3b']),
  qwen2('Qwen/Qwen2.5-7B', [152064, 28, 3584, 28, 4, 18944, 131072], {}, [
    'qwen2-7b',
    'qwen2.5-coder-7b',
    'qwen2.5-math-7b',
    'deepseek-r1-distill-qwen-7b',
  ]),
  qwen2('Qwen/Qwen2.5-14B', [152064, 48, 5120, 40, 8, 13824, 131072], {}, [
    'qwen2.5-coder-14b',
    'deepseek-r1-distill-qwen-14b',
  ]),
  qwen2('Qwen/Qwen2.5-32B', [152064, 64, 5120, 40, 8, 27648, 131072], {}, [
    'qwen2.5-coder-32b',
    'qwq-32b',
    'deepseek-r1-distill-qwen-32b',
  ]),
  qwen2('Qwen/Qwen2.5-72B', [152064, 80, 8192, 64, 8, 29568, 131072], {}, ['qwen2-72b', 'qwen2.5-math-72b']),
  qwen2('deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B', [151936, 28, 1536, 12, 2, 8960, 131072]),
  qwen3('Qwen/Qwen3-0.6B', [151936, 28, 1024, 16, 8, 3072, 40960], tied),
  qwen3('Qwen/Qwen3-1.7B', [151936, 28, 2048, 16, 8, 6144, 40960], tied),
  qwen3('Qwen/Qwen3-4B', [151936, 36, 2560, 32, 8, 9728, 40960], tied),
  qwen3('Qwen/Qwen3-8B', [151936, 36, 4096, 32, 8, 12288, 40960]),
  qwen3('Qwen/Qwen3-14B', [151936, 40, 5120, 40, 8, 17408, 40960]),
  qwen3('Qwen/Qwen3-32B', [151936, 64, 5120, 64, 8, 25600, 40960]),
  row(
    'Qwen/Qwen3-30B-A3B',
    ['qwen3-coder-30b-a3b'],
    decoder('qwen3_moe', 'Qwen3MoeForCausalLM', named([151936, 48, 2048, 32, 4, 6144, 40960]), {
      ...untied,
      head_dim: 128,
      moe_intermediate_size: 768,
      num_experts: 128,
      num_experts_per_tok: 8,
      decoder_sparse_step: 1,
      mlp_only_layers: [],
    }),
  ),
  row(
    'Qwen/Qwen3-235B-A22B',
    [],
    decoder('qwen3_moe', 'Qwen3MoeForCausalLM', named([151936, 94, 4096, 64, 4, 12288, 40960]), {
      ...untied,
      head_dim: 128,
      moe_intermediate_size: 1536,
      num_experts: 128,
      num_experts_per_tok: 8,
      decoder_sparse_step: 1,
      mlp_only_layers: [],
    }),
  ),
  qwen3('Qwen/Qwen3-4B-Instruct-2507', [151936, 36, 2560, 32, 8, 9728, 262144], tied, [
    'qwen3-4b-thinking-2507',
  ]),
  gemma('google/gemma-2b', [256000, 18, 2048, 8, 1, 16384, 8192]),
  gemma('google/gemma-7b', [256000, 28, 3072, 16, 16, 24576, 8192]),
  gemma2('google/gemma-2-2b', [256000, 26, 2304, 8, 4, 9216, 8192], 256),
  gemma2('google/gemma-2-9b', [256000, 42, 3584, 16, 8, 14336, 8192], 256),
  gemma2('google/gemma-2-27b', [256000, 46, 4608, 32, 16, 36864, 8192], 128),
  gemma3Text('google/gemma-3-270m', [262144, 18, 640, 4, 1, 2048, 32768]),
  gemma3Text('google/gemma-3-1b-pt', [262144, 26, 1152, 4, 1, 6912, 32768]),
  gemma3('google/gemma-3-4b-pt', [262208, 34, 2560, 8, 4, 10240, 131072], 256),
  gemma3('google/gemma-3-12b-pt', [262208, 48, 3840, 16, 8, 15360, 131072], 256),
  gemma3('google/gemma-3-27b-pt', [262208, 62, 5376, 32, 16, 21504, 131072], 128),
  row(
    'microsoft/phi-2',
    [],
    decoder('phi', 'PhiForCausalLM', named([51200, 32, 2560, 32, 32, 10240, 2048]), {
      ...float16,
      ...untied,
      partial_rotary_factor: 0.4,
    }),
  ),
  phi3('microsoft/Phi-3-mini-4k-instruct', [32064, 32, 3072, 32, 32, 8192, 4096], {}, [
    'phi-3-mini-128k-instruct',
    'phi-3.5-mini-instruct',
    'phi-3-mini',
  ]),
  phi3('microsoft/Phi-3-medium-4k-instruct', [32064, 40, 5120, 40, 10, 17920, 4096], {}, [
    'phi-3-medium-128k-instruct',
  ]),
  phi3('microsoft/phi-4', [100352, 40, 5120, 40, 10, 17920, 16384]),
  phi3('microsoft/Phi-4-mini-instruct', [200064, 32, 3072, 24, 8, 8192, 131072], {
    ...tied,
    partial_rotary_factor: 0.75,
  }),
  gpt2('gpt2', 12, 768, 12),
  gpt2('gpt2-medium', 24, 1024, 16),
  gpt2('gpt2-large', 36, 1280, 20),
  gpt2('gpt2-xl', 48, 1600, 25),
  row('distilgpt2', ['distilbert/distilgpt2'], gpt2('distilgpt2', 6, 768, 12).config),
  neox('EleutherAI/pythia-70m', [50304, 6, 512, 8, 8, 2048, 2048]),
  neox('EleutherAI/pythia-160m', [50304, 12, 768, 12, 12, 3072, 2048]),
  neox('EleutherAI/pythia-410m', [50304, 24, 1024, 16, 16, 4096, 2048]),
  neox('EleutherAI/pythia-1b', [50304, 16, 2048, 8, 8, 8192, 2048]),
  neox('EleutherAI/pythia-1.4b', [50304, 24, 2048, 16, 16, 8192, 2048]),
  neox('EleutherAI/pythia-2.8b', [50304, 32, 2560, 32, 32, 10240, 2048]),
  neox('EleutherAI/pythia-6.9b', [50432, 32, 4096, 32, 32, 16384, 2048]),
  neox('EleutherAI/pythia-12b', [50688, 36, 5120, 40, 40, 20480, 2048]),
  neox('EleutherAI/gpt-neox-20b', [50432, 44, 6144, 64, 64, 24576, 2048]),
  row('tiiuae/falcon-7b', ['falcon-7b-instruct'], {
    model_type: 'falcon',
    architectures: ['FalconForCausalLM'],
    vocab_size: 65024,
    num_hidden_layers: 32,
    hidden_size: 4544,
    num_attention_heads: 71,
    multi_query: true,
    parallel_attn: true,
    bias: false,
    new_decoder_architecture: false,
    torch_dtype: 'bfloat16',
  }),
  row('tiiuae/falcon-40b', ['falcon-40b-instruct'], {
    model_type: 'falcon',
    architectures: ['FalconForCausalLM'],
    vocab_size: 65024,
    num_hidden_layers: 60,
    hidden_size: 8192,
    num_attention_heads: 128,
    num_kv_heads: 8,
    parallel_attn: true,
    bias: false,
    new_decoder_architecture: true,
    torch_dtype: 'bfloat16',
  }),
  row(
    'stabilityai/stablelm-2-1_6b',
    ['stablelm-2-zephyr-1_6b'],
    decoder('stablelm', 'StableLmForCausalLM', named([100352, 24, 2048, 32, 32, 5632, 4096]), {
      ...float16,
      ...untied,
      use_qkv_bias: true,
    }),
  ),
  row(
    'stabilityai/stablelm-3b-4e1t',
    ['stablelm-zephyr-3b'],
    decoder('stablelm', 'StableLmForCausalLM', named([50304, 32, 2560, 32, 32, 6912, 4096]), untied),
  ),
  row(
    'allenai/OLMo-2-0425-1B',
    [],
    decoder('olmo2', 'Olmo2ForCausalLM', named([100352, 16, 2048, 16, 16, 8192, 4096]), {
      ...float32,
      ...untied,
    }),
  ),
  row(
    'allenai/OLMo-2-1124-7B',
    [],
    decoder('olmo2', 'Olmo2ForCausalLM', named([100352, 32, 4096, 32, 32, 11008, 4096]), {
      ...float32,
      ...untied,
    }),
  ),
  row(
    'allenai/OLMo-2-1124-13B',
    [],
    decoder('olmo2', 'Olmo2ForCausalLM', named([100352, 40, 5120, 40, 40, 13824, 4096]), {
      ...float32,
      ...untied,
    }),
  ),
  row(
    'ibm-granite/granite-3.1-2b-instruct',
    ['granite-3.1-2b'],
    decoder('granite', 'GraniteForCausalLM', named([49155, 40, 2048, 32, 8, 8192, 131072]), tied),
  ),
  row(
    'ibm-granite/granite-3.1-8b-instruct',
    ['granite-3.1-8b'],
    decoder('granite', 'GraniteForCausalLM', named([49155, 40, 4096, 32, 8, 12800, 131072]), tied),
  ),
  bert('bert-base-uncased', 30522, 12, 768, 12),
  bert('bert-base-cased', 28996, 12, 768, 12),
  bert('bert-large-uncased', 30522, 24, 1024, 16),
  bert('bert-large-cased', 28996, 24, 1024, 16),
  roberta('roberta-base', 'roberta', 'RobertaForMaskedLM', 50265, 12, 768, 12),
  roberta('roberta-large', 'roberta', 'RobertaForMaskedLM', 50265, 24, 1024, 16),
  roberta('xlm-roberta-base', 'xlm-roberta', 'XLMRobertaForMaskedLM', 250002, 12, 768, 12),
  roberta('xlm-roberta-large', 'xlm-roberta', 'XLMRobertaForMaskedLM', 250002, 24, 1024, 16),
  row('distilbert-base-uncased', ['distilbert/distilbert-base-uncased'], {
    model_type: 'distilbert',
    architectures: ['DistilBertForMaskedLM'],
    vocab_size: 30522,
    n_layers: 6,
    dim: 768,
    n_heads: 12,
    hidden_dim: 3072,
    max_position_embeddings: 512,
    ...float32,
  }),
  gptOss('openai/gpt-oss-20b', 24, 32),
  gptOss('openai/gpt-oss-120b', 36, 128),
  opt('facebook/opt-125m', 12, 768, 12),
  opt('facebook/opt-1.3b', 24, 2048, 32),
  opt('facebook/opt-2.7b', 32, 2560, 32),
  opt('facebook/opt-6.7b', 32, 4096, 32),
  opt('facebook/opt-13b', 40, 5120, 40),
  opt('facebook/opt-30b', 48, 7168, 56),
  opt('facebook/opt-66b', 64, 9216, 72),
  bloom('bigscience/bloom-560m', 24, 1024, 16),
  bloom('bigscience/bloom-1b7', 24, 2048, 16),
  bloom('bigscience/bloom-3b', 30, 2560, 32),
  bloom('bigscience/bloom-7b1', 30, 4096, 32),
  row('EleutherAI/gpt-j-6b', ['gpt-j-6b'], {
    model_type: 'gptj',
    architectures: ['GPTJForCausalLM'],
    vocab_size: 50400,
    n_layer: 28,
    n_embd: 4096,
    n_head: 16,
    n_positions: 2048,
    rotary_dim: 64,
    ...untied,
    ...float32,
  }),
  starcoder2('bigcode/starcoder2-3b', [49152, 30, 3072, 24, 2, 12288, 16384]),
  starcoder2('bigcode/starcoder2-7b', [49152, 32, 4608, 36, 4, 18432, 16384]),
  starcoder2('bigcode/starcoder2-15b', [49152, 40, 6144, 48, 4, 24576, 16384], untied),
  row(
    'HuggingFaceTB/SmolLM3-3B',
    ['smollm3-3b-checkpoints'],
    decoder('smollm3', 'SmolLM3ForCausalLM', named([128256, 36, 2048, 16, 4, 11008, 65536]), tied),
  ),
  row(
    'mistralai/Mixtral-8x22B-v0.1',
    ['mixtral-8x22b'],
    decoder('mixtral', 'MixtralForCausalLM', named([32000, 56, 6144, 48, 8, 16384, 65536]), {
      ...untied,
      num_local_experts: 8,
      num_experts_per_tok: 2,
      sliding_window: null,
    }),
  ),
  mistral('mistralai/Ministral-8B-Instruct-2410', [131072, 36, 4096, 32, 8, 12288, 32768], { head_dim: 128 }),
  mistral('mistralai/Mistral-Large-Instruct-2407', [32768, 88, 12288, 96, 8, 28672, 131072], {
    head_dim: 128,
  }),
  mistral('mistralai/Codestral-22B-v0.1', [32768, 56, 6144, 48, 8, 16384, 32768], {}),
  qwen2('Qwen/Qwen1.5-1.8B', [151936, 24, 2048, 16, 16, 5504, 32768]),
  qwen2('Qwen/Qwen1.5-4B', [151936, 40, 2560, 20, 20, 6912, 32768]),
  qwen2('Qwen/Qwen1.5-7B', [151936, 32, 4096, 32, 32, 11008, 32768]),
  qwen2('Qwen/Qwen1.5-14B', [152064, 40, 5120, 40, 40, 13696, 32768]),
  qwen2('Qwen/Qwen1.5-32B', [152064, 64, 5120, 40, 8, 27392, 32768]),
  qwen2('Qwen/Qwen1.5-72B', [152064, 80, 8192, 64, 64, 24576, 32768]),
  llama('tiiuae/Falcon3-1B-Base', [131072, 18, 2048, 8, 4, 8192, 4096], { head_dim: 256 }),
  llama('tiiuae/Falcon3-3B-Base', [131072, 22, 3072, 12, 4, 9216, 8192], { head_dim: 256 }),
  llama('tiiuae/Falcon3-7B-Base', [131072, 28, 3072, 12, 4, 23040, 32768], { head_dim: 256 }),
  llama('tiiuae/Falcon3-10B-Base', [131072, 40, 3072, 12, 4, 23040, 32768], { head_dim: 256 }),
  row(
    'microsoft/phi-1_5',
    ['phi-1'],
    decoder('phi', 'PhiForCausalLM', named([51200, 24, 2048, 32, 32, 8192, 2048]), {
      ...float16,
      ...untied,
    }),
  ),
  row(
    'zai-org/glm-4-9b-hf',
    ['glm-4-9b-chat-hf'],
    decoder('glm', 'GlmForCausalLM', named([151552, 40, 4096, 32, 2, 13696, 131072]), {
      ...untied,
      head_dim: 128,
      attention_bias: true,
    }),
  ),
  row(
    'CohereLabs/aya-23-8B',
    [],
    decoder('cohere', 'CohereForCausalLM', named([256000, 32, 4096, 32, 8, 14336, 8192]), {
      ...tied,
      ...float16,
    }),
  ),
  row(
    'CohereLabs/c4ai-command-r-v01',
    ['command-r-v01'],
    decoder('cohere', 'CohereForCausalLM', named([256000, 40, 8192, 64, 64, 22528, 131072]), {
      ...tied,
      ...float16,
    }),
  ),
  row(
    'CohereLabs/c4ai-command-r-plus',
    ['command-r-plus'],
    decoder('cohere', 'CohereForCausalLM', named([256000, 64, 12288, 96, 8, 33792, 131072]), {
      ...tied,
      ...float16,
      use_qk_norm: true,
    }),
  ),
];
