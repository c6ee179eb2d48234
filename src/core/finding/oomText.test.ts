import assert from 'node:assert/strict';
import fc from 'fast-check';
import { sampleResult, setting, term } from '../../../test/finding/sampleResult';
import { explainOutOfMemory } from './oomText';

const training = sampleResult({
  terms: [term('weights', 5.7), term('logits', 10.5)],
  origins: {
    'training.microBatch': setting('micro_batch_size'),
    'training.sequenceLength': setting('sequence_len'),
  },
});

describe('explainOutOfMemory', () => {
  it('names the term whose size PyTorch asked for, and the settings of the file', () => {
    const text =
      'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 10.44 GiB. GPU 0 has a total capacity of 23.65 GiB of which 1.14 GiB is free. Including non-PyTorch memory, this process has 22.50 GiB memory in use. Of the allocated memory 21.00 GiB is allocated by PyTorch, and 1.02 GiB is reserved by PyTorch but unallocated.';
    assert.equal(
      explainOutOfMemory(text, training),
      'PyTorch asked for 10.4 GiB with 1.1 GiB free of 23.7 GiB: that is the size of logits; lower micro_batch_size or sequence_len, or checkpoint activations.',
    );
  });

  it('reads the older form, and does without a job', () => {
    const text =
      'RuntimeError: CUDA out of memory. Tried to allocate 20.00 MiB (GPU 0; 7.79 GiB total capacity; 5.20 GiB already allocated; 1.44 MiB free; 5.30 GiB reserved in total by PyTorch)';
    assert.equal(
      explainOutOfMemory(text, null),
      'PyTorch asked for 20 MiB with 1.4 MiB free of 7.8 GiB; lower the micro batch size or the sequence length, or checkpoint activations.',
    );
  });

  it('tells fragmentation from too much memory', () => {
    const text =
      'CUDA out of memory. Tried to allocate 512.00 MiB. GPU 0 has a total capacity of 23.65 GiB of which 100.00 MiB is free. Of the allocated memory 18.00 GiB is allocated by PyTorch, and 4.02 GiB is reserved by PyTorch but unallocated.';
    assert.match(explainOutOfMemory(text, null) ?? '', /fragmentation; set PYTORCH_CUDA_ALLOC_CONF/);
  });

  it('says what vLLM can hold, of both forms of its message', () => {
    const older =
      "ValueError: The model's max seq len (32768) is larger than the maximum number of tokens that can be stored in KV cache (21456). Try increasing `gpu_memory_utilization` or decreasing `max_model_len` when initializing the engine.";
    assert.equal(
      explainOutOfMemory(older, null),
      "vLLM's KV cache does not hold one sequence of 32k tokens; set the context length to at most 21456, or raise gpu-memory-utilization.",
    );
    const newer =
      "ValueError: To serve at least one request with the models's max seq len (131072), (16.00 GiB KV cache is needed, which is larger than the available KV cache memory (5.85 GiB). Based on the available memory, the estimated maximum model length is 47936. Try increasing `gpu_memory_utilization` or decreasing `max_model_len` when initializing the engine.";
    assert.equal(
      explainOutOfMemory(newer, null),
      "vLLM's KV cache does not hold one sequence of 128k tokens: 16.0 GiB are needed and 5.8 GiB are left; set the context length to at most 47936, or raise gpu-memory-utilization.",
    );
  });

  it('says that something else holds the card when vLLM cannot start', () => {
    const text =
      'ValueError: Free memory on device cuda:0 (12.34/23.64 GiB) on startup is less than desired GPU memory utilization (0.9, 21.28 GiB). Decrease GPU memory utilization or reduce GPU memory used by other processes.';
    assert.match(
      explainOutOfMemory(text, null) ?? '',
      /^vLLM wants 21\.28 GiB .* 12\.34 of 23\.64 GiB are free: another process/,
    );
    assert.match(
      explainOutOfMemory('ValueError: No available memory for the cache blocks. Try increasing', null) ?? '',
      /raise gpu-memory-utilization/,
    );
  });

  it('reads what llama.cpp prints', () => {
    const text =
      'ggml_backend_cuda_buffer_type_alloc_buffer: allocating 4096.00 MiB on device 0: cudaMalloc failed: out of memory\nllama_kv_cache_unified: failed to allocate buffer for kv cache';
    assert.equal(
      explainOutOfMemory(text, null),
      'llama.cpp asked for 4.0 GiB at once: KV cache; lower the context length or the number of sequences at once.',
    );
  });

  it('says nothing about other text, and takes any text', () => {
    assert.equal(explainOutOfMemory('ModuleNotFoundError: No module named torch', training), null);
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => {
        const sentence = explainOutOfMemory(text, training);
        assert.ok(sentence === null || sentence.endsWith('.'));
      }),
    );
  });
});
