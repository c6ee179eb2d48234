import assert from 'node:assert/strict';
import { blueprintFromConfig } from '../model/blueprintFromConfig';
import { parameterCount } from '../model/parameters';
import { knownModel, knownModelIds } from './knownModels';

/** Sizes as the publishers state them, in millions of parameters. */
const published: Readonly<Record<string, number>> = {
  'meta-llama/Llama-2-7b-hf': 6738,
  'meta-llama/Llama-2-13b-hf': 13016,
  'meta-llama/Llama-2-70b-hf': 68977,
  'meta-llama/Llama-3.1-8B': 8030,
  'meta-llama/Llama-3.1-70B': 70554,
  'meta-llama/Llama-3.1-405B': 405853,
  'meta-llama/Llama-3.2-1B': 1236,
  'meta-llama/Llama-3.2-3B': 3213,
  'TinyLlama/TinyLlama-1.1B-intermediate-step-1431k-3T': 1100,
  '01-ai/Yi-6B': 6061,
  '01-ai/Yi-34B': 34389,
  'HuggingFaceTB/SmolLM2-135M': 134.5,
  'HuggingFaceTB/SmolLM2-360M': 361.8,
  'HuggingFaceTB/SmolLM2-1.7B': 1711,
  'mistralai/Mistral-7B-v0.1': 7242,
  'mistralai/Mistral-7B-v0.3': 7248,
  'mistralai/Mistral-Nemo-Base-2407': 12248,
  'mistralai/Mistral-Small-24B-Base-2501': 23572,
  'mistralai/Mixtral-8x7B-v0.1': 46703,
  'Qwen/Qwen2.5-0.5B': 494,
  'Qwen/Qwen2.5-1.5B': 1544,
  'Qwen/Qwen2.5-3B': 3086,
  'Qwen/Qwen2.5-7B': 7616,
  'Qwen/Qwen2.5-14B': 14770,
  'Qwen/Qwen2.5-32B': 32764,
  'Qwen/Qwen2.5-72B': 72706,
  'deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B': 1777,
  'Qwen/Qwen3-0.6B': 596,
  'Qwen/Qwen3-1.7B': 1721,
  'Qwen/Qwen3-4B': 4022,
  'Qwen/Qwen3-8B': 8191,
  'Qwen/Qwen3-14B': 14768,
  'Qwen/Qwen3-32B': 32762,
  'Qwen/Qwen3-30B-A3B': 30532,
  'Qwen/Qwen3-235B-A22B': 235_094,
  'Qwen/Qwen3-4B-Instruct-2507': 4022,
  'mistralai/Mixtral-8x22B-v0.1': 140_621,
  'openai/gpt-oss-120b': 116_829,
  'facebook/opt-125m': 125.2,
  'facebook/opt-1.3b': 1316,
  'facebook/opt-2.7b': 2652,
  'facebook/opt-6.7b': 6658,
  'facebook/opt-13b': 12_853,
  'bigscience/bloom-560m': 559.2,
  'bigscience/bloom-1b7': 1722,
  'bigscience/bloom-3b': 3003,
  'bigscience/bloom-7b1': 7069,
  'EleutherAI/gpt-j-6b': 6051,
  'bigcode/starcoder2-3b': 3030,
  'bigcode/starcoder2-7b': 7174,
  'bigcode/starcoder2-15b': 15_957,
  'HuggingFaceTB/SmolLM3-3B': 3075,
  'google/gemma-2b': 2506,
  'google/gemma-7b': 8538,
  'google/gemma-2-2b': 2614,
  'google/gemma-2-9b': 9242,
  'google/gemma-2-27b': 27227,
  'google/gemma-3-270m': 268,
  'google/gemma-3-1b-pt': 1000,
  'google/gemma-3-4b-pt': 4300,
  'google/gemma-3-12b-pt': 12187,
  'google/gemma-3-27b-pt': 27432,
  'microsoft/phi-2': 2780,
  'microsoft/Phi-3-mini-4k-instruct': 3821,
  'microsoft/Phi-3-medium-4k-instruct': 13960,
  'microsoft/phi-4': 14660,
  'microsoft/Phi-4-mini-instruct': 3836,
  gpt2: 124.4,
  'gpt2-medium': 354.8,
  'gpt2-large': 774,
  'gpt2-xl': 1558,
  distilgpt2: 81.9,
  'EleutherAI/pythia-70m': 70.4,
  'EleutherAI/pythia-160m': 162.3,
  'EleutherAI/pythia-410m': 405.3,
  'EleutherAI/pythia-1b': 1012,
  'EleutherAI/pythia-1.4b': 1415,
  'EleutherAI/pythia-2.8b': 2775,
  'EleutherAI/pythia-6.9b': 6857,
  'EleutherAI/pythia-12b': 11846,
  'EleutherAI/gpt-neox-20b': 20555,
  'tiiuae/falcon-7b': 6922,
  'tiiuae/falcon-40b': 41303,
  'stabilityai/stablelm-2-1_6b': 1645,
  'stabilityai/stablelm-3b-4e1t': 2795,
  'allenai/OLMo-2-0425-1B': 1485,
  'allenai/OLMo-2-1124-7B': 7299,
  'allenai/OLMo-2-1124-13B': 13716,
  'ibm-granite/granite-3.1-2b-instruct': 2534,
  'ibm-granite/granite-3.1-8b-instruct': 8171,
  'bert-base-uncased': 109.5,
  'bert-large-uncased': 335.2,
  'roberta-base': 124.7,
  'roberta-large': 355.4,
  'xlm-roberta-base': 278.3,
  'xlm-roberta-large': 560.1,
  'distilbert-base-uncased': 67,
  'openai/gpt-oss-20b': 20915,
  'mistralai/Ministral-8B-Instruct-2410': 8020,
  'mistralai/Mistral-Large-Instruct-2407': 122_610,
  'mistralai/Codestral-22B-v0.1': 22_247,
  'Qwen/Qwen1.5-1.8B': 1837,
  'Qwen/Qwen1.5-4B': 3950,
  'Qwen/Qwen1.5-7B': 7721,
  'Qwen/Qwen1.5-14B': 14_167,
  'Qwen/Qwen1.5-32B': 32_512,
  'Qwen/Qwen1.5-72B': 72_288,
  'tiiuae/Falcon3-1B-Base': 1669,
  'tiiuae/Falcon3-3B-Base': 3228,
  'tiiuae/Falcon3-7B-Base': 7456,
  'tiiuae/Falcon3-10B-Base': 10_306,
  'microsoft/phi-1_5': 1418,
  'zai-org/glm-4-9b-hf': 9400,
  'CohereLabs/aya-23-8B': 8028,
  'CohereLabs/c4ai-command-r-v01': 34_981,
  'CohereLabs/c4ai-command-r-plus': 103_811,
  'deepseek-ai/DeepSeek-V2-Lite': 15_706,
  'deepseek-ai/DeepSeek-V2': 235_741,
  'deepseek-ai/DeepSeek-V3': 671_026,
  'Qwen/Qwen1.5-MoE-A2.7B': 14_316,
  'Qwen/Qwen2-57B-A14B': 57_409,
  'Qwen/Qwen3-Coder-480B-A35B-Instruct': 480_155,
  'microsoft/Phi-3.5-MoE-instruct': 41_873,
  'allenai/OLMoE-1B-7B-0924': 6919,
  'databricks/dbrx-base': 131_597,
  'state-spaces/mamba-130m-hf': 129.1,
  'state-spaces/mamba-370m-hf': 371.5,
  'state-spaces/mamba-1.4b-hf': 1372,
  'state-spaces/mamba-2.8b-hf': 2768,
  'tiiuae/falcon-mamba-7b': 7273,
  'mosaicml/mpt-7b': 6649,
  'internlm/internlm2_5-7b': 7738,
  'baichuan-inc/Baichuan2-7B-Base': 7506,
  'THUDM/chatglm3-6b': 6244,
  'Qwen/Qwen2-VL-2B-Instruct': 2209,
  'Qwen/Qwen2-VL-7B-Instruct': 8291,
  'Qwen/Qwen2.5-VL-3B-Instruct': 3755,
  'Qwen/Qwen2.5-VL-7B-Instruct': 8292,
  'Qwen/Qwen2.5-VL-32B-Instruct': 33_453,
  'Qwen/Qwen2.5-VL-72B-Instruct': 73_411,
  'Qwen/Qwen3-VL-2B-Instruct': 2128,
  'Qwen/Qwen3-VL-4B-Instruct': 4438,
  'Qwen/Qwen3-VL-8B-Instruct': 8767,
  'llava-hf/llava-1.5-7b-hf': 7063,
  'llava-hf/llava-1.5-13b-hf': 13_351,
  'meta-llama/Llama-4-Scout-17B-16E-Instruct': 108_642,
  'meta-llama/Llama-4-Maverick-17B-128E-Instruct': 401_584,
  'meta-llama/Llama-3.2-11B-Vision': 10_670,
  'mistralai/Mistral-Small-3.1-24B-Instruct-2503': 24_011,
  'openai/clip-vit-large-patch14': 427.6,
  'openai/clip-vit-base-patch32': 151.3,
  'sentence-transformers/all-MiniLM-L6-v2': 22.7,
  'BAAI/bge-small-en-v1.5': 33.4,
  'BAAI/bge-base-en-v1.5': 109.5,
  'BAAI/bge-large-en-v1.5': 335.1,
  'BAAI/bge-m3': 567.8,
  'intfloat/multilingual-e5-large': 559.9,
  'answerdotai/ModernBERT-base': 149.7,
  'answerdotai/ModernBERT-large': 395.9,
  't5-small': 60.5,
  't5-base': 222.9,
  't5-large': 737.7,
  'facebook/bart-base': 139.4,
  'facebook/bart-large': 406.3,
  'openai/whisper-tiny': 37.8,
  'openai/whisper-base': 72.6,
  'openai/whisper-small': 241.7,
  'openai/whisper-medium': 763.9,
  'openai/whisper-large-v3': 1543,
  'openai/whisper-large-v3-turbo': 808.9,
  'google/vit-base-patch16-224': 86.6,
  'google/vit-large-patch16-224': 304.3,
};

describe('knownModel', () => {
  for (const [id, millions] of Object.entries(published)) {
    it(`knows the size of ${id}`, function () {
      const known = knownModel(id);
      assert.ok(known);
      const outcome = blueprintFromConfig(known.config);
      assert.ok(outcome.ok, outcome.ok ? '' : outcome.reason);
      const count = parameterCount(outcome.blueprint) / 1e6;
      assert.ok(Math.abs(count / millions - 1) < 0.005, `${count.toFixed(1)} M, published ${millions} M`);
    });
  }

  it('reads every row', () => {
    for (const id of knownModelIds()) {
      const known = knownModel(id);
      assert.ok(known);
      const outcome = blueprintFromConfig(known.config);
      assert.ok(outcome.ok, `${id}: ${outcome.ok ? '' : outcome.reason}`);
    }
  });

  it('finds copies, tuned and quantised versions', () => {
    assert.equal(knownModel('NousResearch/Meta-Llama-3-8B-Instruct')?.id, 'meta-llama/Meta-Llama-3-8B');
    assert.equal(knownModel('unsloth/llama-3-8b-bnb-4bit')?.quantization?.method, 'bnb-nf4');
    assert.equal(knownModel('Qwen/Qwen2.5-7B-Instruct-AWQ')?.quantization?.method, 'awq');
    assert.equal(knownModel('Qwen/Qwen2.5-7B-Instruct-GPTQ-Int8')?.quantization?.bits, 8);
    assert.equal(knownModel('casperhansen/llama-3-70b-fp16')?.id, 'meta-llama/Meta-Llama-3-70B');
    assert.equal(
      knownModel('hugging-quants/Meta-Llama-3.1-405B-BNB-NF4-BF16')?.quantization?.method,
      'bnb-nf4',
    );
    assert.equal(knownModel('TinyLlama/TinyLlama_v1.1')?.config['num_key_value_heads'], 4);
  });

  it('takes a name that says its own format for that format', () => {
    const mlx = knownModel('mlx-community/Meta-Llama-3.1-8B-Instruct-4bit');
    assert.equal(mlx?.id, 'meta-llama/Llama-3.1-8B');
    assert.deepEqual(mlx.quantization, { method: 'mlx', bits: 4, groupSize: 64 });
    assert.equal(knownModel('neuralmagic/Meta-Llama-3.1-8B-Instruct-quantized.w8a8'), null);
    assert.equal(knownModel('RedHatAI/Meta-Llama-3.1-8B-Instruct-FP8-dynamic')?.quantization?.method, 'fp8');
    // A GGUF repository holds many types: without one there is nothing to say.
    assert.equal(knownModel('bartowski/Meta-Llama-3.1-8B-Instruct-GGUF'), null);
  });

  it('takes no size in a name for a shape', () => {
    assert.equal(knownModel('acme/our-own-8B'), null);
    assert.equal(knownModel('./models/8b'), null);
    assert.equal(knownModel(''), null);
    assert.equal(knownModel('__proto__'), null);
  });
});
