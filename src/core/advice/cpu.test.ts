import assert from 'node:assert/strict';
import { inferenceJob, jobDocument, trainingJob } from '../../../test/estimate/jobDocument';
import { noCeilings, type Ceilings, type Machine } from '../hardware/device';
import type { JobDocument } from '../job/jobDocument';
import { blueprintFromConfig } from '../model/blueprintFromConfig';
import type { Quantization } from '../model/blueprint';
import type { CpuAnswer } from '../speed/speedEstimate';
import { GiB } from '../units/bytes';
import { cpuAnswer, readingTokensPerSecond } from './cpu';

function config(hidden: number, layers: number): Readonly<Record<string, unknown>> {
  return {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    hidden_size: hidden,
    intermediate_size: hidden * 3,
    num_hidden_layers: layers,
    num_attention_heads: hidden / 64,
    num_key_value_heads: hidden / 256,
    vocab_size: 32000,
    max_position_embeddings: 8192,
    torch_dtype: 'bfloat16',
    tie_word_embeddings: false,
  };
}

function machine(gib: number, ceilings: Ceilings): Machine {
  return {
    os: { platform: 'linux', release: '6.0', container: false, wsl: false, loginNode: false },
    cpu: {
      model: 'Test CPU',
      physicalCores: 8,
      logicalCores: 16,
      isa: ['avx2'],
      quotaCores: null,
      ceilings,
    },
    memory: {
      totalBytes: gib * GiB,
      availableBytes: gib * GiB,
      limitBytes: null,
      ratedBytesPerSecond: null,
      origin: 'reported',
    },
    devices: [],
  };
}

const desktop: Ceilings = {
  ...noCeilings,
  bytesPerSecond: { value: 60e9, origin: 'measured' },
  flops: { fp32: { value: 800e9, origin: 'measured' } },
};

function ask(
  job: JobDocument,
  model: Readonly<Record<string, unknown>>,
  on: Machine,
  quantization: Quantization | null,
): CpuAnswer {
  const setting = { ...jobDocument().models[0]!, quantization };
  const result = cpuAnswer({
    job: { ...job, models: [setting] },
    models: [{ setting, id: null, source: 'test', outcome: blueprintFromConfig(model) }],
    machine: on,
    chatTokensPerSecond: readingTokensPerSecond,
  });
  assert.ok(result);
  return result;
}

const q4 = { method: 'gguf', type: 'Q4_K_M' };
const llama = { engine: { name: 'llama.cpp' as const, version: null, backend: null } };

describe('cpuAnswer', () => {
  it('reads at about five tokens a second', () => {
    assert.ok(readingTokensPerSecond > 5 && readingTokensPerSecond < 6);
  });

  it('is enough for a small quantised model', () => {
    const result = ask(
      inferenceJob({ contextLength: 4096 }, llama),
      config(2048, 24),
      machine(16, desktop),
      q4,
    );
    assert.ok(result.suffices, result.reason);
    assert.match(result.reason, /^The CPU is enough: ~\d+ tok\/s, first word after about .+ GiB RAM\.$/);
    assert.ok(result.ramBytes > GiB / 2 && result.ramBytes < 4 * GiB);
    assert.match(result.criterion, /^chat at reading speed/);
  });

  it('is not for a large one: it would be too slow, or there is no room', () => {
    const slow = ask(
      inferenceJob({ contextLength: 4096 }, llama),
      config(8192, 80),
      machine(128, desktop),
      q4,
    );
    assert.ok(!slow.suffices);
    assert.match(slow.reason, /^The CPU is too slow for a chat/);
    const full = ask(
      inferenceJob({ contextLength: 4096 }, llama),
      config(8192, 80),
      machine(16, desktop),
      q4,
    );
    assert.ok(!full.suffices);
    assert.match(full.reason, /^The CPU does not suffice: it takes /);
  });

  it('judges training by the day', () => {
    const small = trainingJob({ method: 'lora', sequenceLength: 512, gradientCheckpointing: 'full' });
    const tiny = ask(small, config(512, 8), machine(32, desktop), null);
    assert.ok(tiny.suffices, tiny.reason);
    assert.equal(tiny.criterion, '1 million tokens within a day');
    assert.ok(tiny.trainTokensPerSecond);
    const large = ask(small, config(4096, 32), machine(128, desktop), null);
    assert.ok(!large.suffices, large.reason);
  });
});
