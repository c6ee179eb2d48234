// Shapes of the measured models: the built-in table, and beside it those that no user needs in it.

/** Qwen 1 as its class defines it, in the words of a later one: fused attention and the same MLP. */
const qwen1 = (hidden, layers, heads, mlp, vocab) => ({
  model_type: 'qwen2',
  architectures: ['Qwen2ForCausalLM'],
  hidden_size: hidden,
  num_hidden_layers: layers,
  num_attention_heads: heads,
  num_key_value_heads: heads,
  intermediate_size: mlp,
  vocab_size: vocab,
  max_position_embeddings: 8192,
  torch_dtype: 'bfloat16',
  tie_word_embeddings: false,
});

const llama = (vocab, layers, hidden, heads, kv, mlp, more = {}) => ({
  model_type: 'llama',
  architectures: ['LlamaForCausalLM'],
  vocab_size: vocab,
  num_hidden_layers: layers,
  hidden_size: hidden,
  num_attention_heads: heads,
  num_key_value_heads: kv,
  intermediate_size: mlp,
  max_position_embeddings: 131072,
  torch_dtype: 'bfloat16',
  tie_word_embeddings: false,
  ...more,
});

const own = {
  'Qwen/Qwen-1_8B': qwen1(2048, 24, 16, 5504, 151936),
  'Qwen/Qwen-7B': qwen1(4096, 32, 32, 11008, 151936),
  'Qwen/Qwen-14B': qwen1(5120, 40, 40, 13696, 152064),
  'Qwen/Qwen-72B': qwen1(8192, 80, 64, 24576, 152064),
  'google-bert/bert-large-uncased': {
    model_type: 'bert',
    architectures: ['BertForSequenceClassification'],
    hidden_size: 1024,
    num_hidden_layers: 24,
    num_attention_heads: 16,
    intermediate_size: 4096,
    vocab_size: 30522,
    max_position_embeddings: 512,
    torch_dtype: 'float32',
  },
  'stabilityai/stablelm-base-alpha-3b': {
    model_type: 'gpt_neox',
    architectures: ['GPTNeoXForCausalLM'],
    hidden_size: 4096,
    num_hidden_layers: 16,
    num_attention_heads: 32,
    intermediate_size: 16384,
    vocab_size: 50688,
    max_position_embeddings: 4096,
    torch_dtype: 'bfloat16',
    tie_word_embeddings: false,
  },
  'microsoft/phi-1_5': {
    model_type: 'phi',
    architectures: ['PhiForCausalLM'],
    hidden_size: 2048,
    num_hidden_layers: 24,
    num_attention_heads: 32,
    intermediate_size: 8192,
    vocab_size: 51200,
    max_position_embeddings: 2048,
    torch_dtype: 'float16',
    tie_word_embeddings: false,
  },
  'GLM Z1 32B 0414': {
    model_type: 'glm4',
    architectures: ['Glm4ForCausalLM'],
    hidden_size: 6144,
    num_hidden_layers: 61,
    num_attention_heads: 48,
    num_key_value_heads: 2,
    head_dim: 128,
    intermediate_size: 23040,
    vocab_size: 151552,
    max_position_embeddings: 32768,
    torch_dtype: 'bfloat16',
    tie_word_embeddings: false,
  },
  'huggyllama/llama-30b': llama(32000, 60, 6656, 52, 52, 17920),
  'deepseek-ai/deepseek-coder-33b-base': llama(32256, 62, 7168, 56, 8, 19200),
  'openlm-research/open_llama_3b': llama(32000, 26, 3200, 32, 32, 8640),
};

const qwen3Moe = (layers, hidden, heads, kv, mlp, experts) => ({
  model_type: 'qwen3_moe',
  architectures: ['Qwen3MoeForCausalLM'],
  vocab_size: 151936,
  num_hidden_layers: layers,
  hidden_size: hidden,
  num_attention_heads: heads,
  num_key_value_heads: kv,
  head_dim: 128,
  intermediate_size: 3 * hidden,
  moe_intermediate_size: mlp,
  num_experts: experts,
  num_experts_per_tok: 8,
  max_position_embeddings: 262144,
  torch_dtype: 'bfloat16',
  tie_word_embeddings: false,
});
own['Qwen/Qwen3-235B-A22B'] = qwen3Moe(94, 4096, 64, 4, 1536, 128);
own['Qwen/Qwen3-Coder-480B-A35B'] = qwen3Moe(62, 6144, 96, 8, 2560, 160);
own['Qwen/Qwen-7B-Chat'] = own['Qwen/Qwen-7B'];

const aliases = {
  'Qwen3 235B A22B': 'Qwen/Qwen3-235B-A22B',
  'Qwen3-235B-A22B': 'Qwen/Qwen3-235B-A22B',
  'Qwen3-235B-A22B-128K': 'Qwen/Qwen3-235B-A22B',
  'Qwen3 235B A22B Instruct 2507': 'Qwen/Qwen3-235B-A22B',
  'Qwen3-235B-A22B-Instruct-2507': 'Qwen/Qwen3-235B-A22B',
  'Qwen3 Coder 480B A35B Instruct': 'Qwen/Qwen3-Coder-480B-A35B',
  'Qwen3-30B-A3B-128K': 'Qwen/Qwen3-30B-A3B',
  'Qwen/Qwen3-4B-Instruct-2507': 'Qwen/Qwen3-4B',
  'Qwen/Qwen3-30B-A3B-Instruct-2507': 'Qwen/Qwen3-30B-A3B',
  'Qwen/Qwen3-Coder-30B-A3B-Instruct': 'Qwen/Qwen3-30B-A3B',
  'Meta Llama 3.1 8B Instruct': 'meta-llama/Llama-3.1-8B',
  Meta_Llama_3_1_8b_it: 'meta-llama/Llama-3.1-8B',
  'Meta_Llama_3.1_8b_it': 'meta-llama/Llama-3.1-8B',
  'Qwen3 30B A3B': 'Qwen/Qwen3-30B-A3B',
  'Gemma 3 27b It Qat': 'google/gemma-3-27b-it',
  'Gemma-3-27B-It': 'google/gemma-3-27b-it',
  'LLaMA v2': 'meta-llama/Llama-2-13b-hf',
  'DeepSeek R1 0528 Qwen3 8B': 'Qwen/Qwen3-8B',
  'GPT-style 6.86B (hidden 4096, 32 layers, 32 heads)': 'EleutherAI/pythia-6.9b',
  'lmsys/vicuna-7b-v1.5': 'meta-llama/Llama-2-7b-hf',
  'neuralmagic/Meta-Llama-3.1-70B-Instruct-quantized.w8a8': 'meta-llama/Llama-3.1-70B',
  'meta-llama/Meta-Llama-3.1-405B-Instruct-FP8': 'meta-llama/Llama-3.1-405B',
};

/** The config of a measured model; null when its shapes are not known here. */
export function configOf(name, knownModel) {
  const plain = name
    .replace(/\.gguf$/i, '')
    .replace(/[-.](UD-)?I?Q\d\w*$/i, '')
    .replace(/-(BF16|F16|mxfp4)$/i, '')
    .replace(/-Chat-Int4$/i, '')
    .replace(/ \(.*\)$/, '');
  for (const key of [name, plain, aliases[name] ?? name]) {
    if (own[key]) return own[key];
    const known = knownModel(aliases[key] ?? key) ?? knownModel(key.replaceAll(' ', '-'));
    if (known !== null) return known.config;
  }
  return null;
}
