import assert from 'node:assert/strict';
import { inferenceJob, jobDocument } from '../../../../test/estimate/jobDocument';
import { resolveTarget } from '../../hardware/resolveTarget';
import type { JobDocument } from '../../job/jobDocument';
import { blueprintFromConfig } from '../../model/blueprintFromConfig';
import { GiB, MiB } from '../../units/bytes';
import { estimateMemory } from '../estimateMemory';
import type { MemoryEstimate } from '../memoryEstimate';

const llama8b = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  hidden_size: 4096,
  intermediate_size: 14336,
  num_hidden_layers: 32,
  num_attention_heads: 32,
  num_key_value_heads: 8,
  vocab_size: 128256,
  max_position_embeddings: 131072,
  torch_dtype: 'bfloat16',
  tie_word_embeddings: false,
};

function estimate(
  inference: Partial<JobDocument['inference']>,
  target = 'rtx4090',
  type = 'Q4_0',
): MemoryEstimate {
  const job = inferenceJob(inference, {
    engine: { name: 'llama.cpp', version: null, backend: null },
    models: [{ ...jobDocument().models[0]!, quantization: { method: 'gguf', type } }],
  });
  const resolution = resolveTarget(target, { machine: null, choice: 'chosen' });
  if (!resolution.ok) throw new Error(resolution.message);
  return estimateMemory({
    job,
    models: [{ setting: job.models[0]!, id: null, source: 'test', outcome: blueprintFromConfig(llama8b) }],
    target: resolution.target,
  });
}

function term(memory: MemoryEstimate, name: string, device = 0): number {
  return (
    memory.perDevice[device]?.terms
      .filter((each) => each.name === name)
      .reduce((sum, each) => sum + each.bytes.expected, 0) ?? 0
  );
}

describe('llama.cpp', () => {
  it('keeps the cache of a full model as its load log prints it', () => {
    // Meta Llama 3.1 8B at 16384 tokens: 2048 MiB.
    assert.equal(term(estimate({ contextLength: 16384 }), 'kvCache'), 2048 * MiB);
    // Keys and values in q8_0: 34 bytes for 32 values.
    assert.equal(
      term(estimate({ contextLength: 16384, kv: { k: 'q8_0', v: 'q8_0' } }), 'kvCache'),
      (2048 * MiB * 34) / 64,
    );
    // Rounded up to 256 cells.
    assert.equal(
      term(estimate({ contextLength: 16385 }), 'kvCache'),
      term(estimate({ contextLength: 16640 }), 'kvCache'),
    );
  });

  it('counts a compute buffer of logits with flash attention and of scores without', () => {
    const withFlash = term(estimate({ contextLength: 16384, microBatch: 512 }), 'workspace') / MiB;
    assert.ok(withFlash > 250 && withFlash < 330, String(withFlash));
    // 32 heads x 16384 cells x 512 tokens x 4 bytes are 1024 MiB.
    const without = term(estimate({ contextLength: 16384, flashAttention: false }), 'workspace') / MiB;
    assert.ok(without > 1024 && without < 1160, String(without));
  });

  it('places the output layer first and leaves the embedding on the host', () => {
    const one = estimate({ placement: { ...jobDocument().inference.placement, gpuLayers: 1 } });
    assert.equal(one.placement?.layersOnDevice, 1);
    const all = estimate({ placement: { ...jobDocument().inference.placement, gpuLayers: 'all' } });
    assert.equal(all.placement?.layersOnDevice, 33);
    assert.equal(all.placement.layers, 33);
    assert.equal(all.placement.hostWeightBytes, 0);
    assert.ok(term(one, 'weights') > 200 * MiB && term(one, 'weights') < 500 * MiB);
    assert.ok(all.host.terms.some((each) => each.name === 'weights'));
  });

  it('puts on a small card as many layers as fit and the rest on the host', () => {
    const memory = estimate(
      { contextLength: 8192, placement: { ...jobDocument().inference.placement, gpuLayers: 'auto' } },
      'GTX 1650',
      'F16',
    );
    const placed = memory.placement;
    assert.ok(placed);
    assert.ok(placed.layersOnDevice > 0 && placed.layersOnDevice < 33, String(placed.layersOnDevice));
    assert.ok(placed.hostWeightBytes > 10 * GiB);
    assert.ok((memory.perDevice[0]?.devicePeak.expected ?? 0) < 4 * GiB);
  });

  it('gives every card of a layer split its own compute buffer', () => {
    const memory = estimate({ contextLength: 8192 }, '2x RTX 3060');
    assert.equal(memory.perDevice.length, 2);
    assert.ok(
      term(memory, 'workspace', 0) > 0 && term(memory, 'workspace', 1) > term(memory, 'workspace', 0),
    );
  });
});
