import assert from 'node:assert/strict';
import { inferenceJob, jobDocument, trainingJob } from '../../../test/estimate/jobDocument';
import { estimateMemory } from '../estimate/estimateMemory';
import { noCeilings, type Ceilings } from '../hardware/device';
import type { Pool, Target } from '../hardware/target';
import type { EngineName, JobDocument } from '../job/jobDocument';
import { blueprintFromConfig } from '../model/blueprintFromConfig';
import type { Quantization } from '../model/blueprint';
import { GiB } from '../units/bytes';
import { estimateSpeed } from './estimateSpeed';
import type { SpeedEstimate, SpeedPhase } from './speedEstimate';

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

const card: Ceilings = {
  ...noCeilings,
  bytesPerSecond: { value: 1e12, origin: 'measured' },
  flops: { fp16: { value: 100e12, origin: 'catalogue' }, bf16: { value: 100e12, origin: 'catalogue' } },
};

function pool(kind: Pool['kind'], ceilings: Ceilings, gib = 24): Pool {
  return {
    kind,
    name: kind,
    count: 1,
    totalBytes: gib * GiB,
    usableBytes: gib * GiB,
    usableOrigin: 'reported',
    freeBytes: null,
    ceilings,
    vendor: kind === 'host' ? null : 'nvidia',
    deviceKind: null,
    computeCapability: '8.9',
    catalogueId: null,
  };
}

function target(...pools: readonly Pool[]): Target {
  return {
    name: 'test',
    label: 'test',
    choice: 'chosen',
    alternatives: [],
    pools,
    cpuOnly: pools.every((each) => each.kind === 'host'),
  };
}

function speed(job: JobDocument, on: Target, quantization: Quantization | null = null): SpeedEstimate {
  const setting = { ...jobDocument().models[0]!, quantization };
  const whole = { ...job, models: [setting] };
  const models = [{ setting, id: null, source: 'test', outcome: blueprintFromConfig(llama8b) }];
  return estimateSpeed({
    job: whole,
    models,
    target: on,
    memory: estimateMemory({ job: whole, models, target: on }),
  });
}

function phase(estimate: SpeedEstimate, name: SpeedPhase['name']): SpeedPhase {
  const found = estimate.phases.find((each) => each.name === name);
  assert.ok(found, name);
  return found;
}

function engine(name: EngineName): Pick<JobDocument, 'engine'> {
  return { engine: { name, version: null, backend: null } };
}

describe('estimateSpeed', () => {
  const gpu = target(pool('device', card));

  it('reads the weights and the cache once a token, never faster than the bandwidth allows', () => {
    const decode = phase(speed(inferenceJob({ contextLength: 4096 }, engine('vllm')), gpu), 'decode');
    // 15.0 GB without the embedding, 0.5 GB of cache.
    const limit = 1e12 / ((8030261248 - 128256 * 4096) * 2 + 4096 * 131072);
    assert.ok(decode.perSecond.high <= limit, `${decode.perSecond.high} of ${limit}`);
    assert.ok(decode.perSecond.low >= limit * 0.3);
    assert.equal(decode.boundBy, 'memory');
    assert.equal(decode.origin, 'measured');
  });

  it('is slower at depth and faster in all with more sequences', () => {
    const at = (contextLength: number, concurrency: number): number =>
      phase(speed(inferenceJob({ contextLength, concurrency }, engine('vllm')), gpu), 'decode').perSecond
        .expected;
    assert.ok(at(32768, 1) < at(1024, 1));
    assert.ok(at(1024, 8) > 4 * at(1024, 1));
  });

  it('is bound by starting operations where eager PyTorch runs a small model', () => {
    const tiny = phase(
      speed(
        inferenceJob({ contextLength: 512 }),
        target(pool('device', { ...card, bytesPerSecond: { value: 8e12, origin: 'measured' } })),
      ),
      'decode',
    );
    assert.equal(tiny.boundBy, 'launch');
  });

  it('takes the origin of its weakest ceiling and leaves out what has none', () => {
    const prefill = phase(speed(inferenceJob({}), gpu), 'prefill');
    assert.equal(prefill.origin, 'catalogue');
    assert.equal(prefill.boundBy, 'compute');
    const none = speed(inferenceJob({}), target(pool('device', noCeilings)));
    assert.deepEqual(none.phases, []);
    assert.equal(none.perRequest.decodeTokensPerSecond, null);
  });

  it('pays for layers on the host with the bandwidth of the host', () => {
    const job = inferenceJob(
      { contextLength: 4096, placement: { ...jobDocument().inference.placement, gpuLayers: 17 } },
      engine('llama.cpp'),
    );
    const slow = { ...noCeilings, bytesPerSecond: { value: 50e9, origin: 'measured' as const } };
    const both = target(pool('device', card), pool('host', slow, 64));
    const q4 = { method: 'gguf', type: 'Q4_K_M' };
    const part = phase(speed(job, both, q4), 'decode');
    assert.equal(part.boundBy, 'host');
    // Half of 4.6 GB over 50 GB/s.
    assert.ok(part.perSecond.expected < 25 && part.perSecond.expected > 10, String(part.perSecond.expected));
    const whole = { ...job, inference: { ...job.inference, placement: jobDocument().inference.placement } };
    assert.ok(phase(speed(whole, both, q4), 'decode').perSecond.expected > 80);
  });

  it('counts three forward passes for training, four with checkpointing, two and three for LoRA', () => {
    const at = (training: Partial<JobDocument['training']>): number =>
      phase(speed(trainingJob(training), gpu), 'train').perSecond.expected;
    const full = at({});
    assert.ok(Math.abs(at({ gradientCheckpointing: 'full' }) / full - 3 / 4) < 0.01);
    assert.ok(Math.abs(at({ method: 'lora' }) / full - 3 / 2) < 0.01);
    const tokens = speed(trainingJob({ data: { tokens: 1e6, epochs: 2, lengths: null } }), gpu);
    assert.ok(Math.abs((tokens.durationSeconds?.expected ?? 0) - 2e6 / full) < 1);
  });

  it('answers for a CPU whose bandwidth nobody measured, and says that it is assumed', () => {
    const estimate = speed(inferenceJob({}, engine('llama.cpp')), target(pool('host', noCeilings, 64)), {
      method: 'gguf',
      type: 'Q4_K_M',
    });
    const decode = phase(estimate, 'decode');
    assert.equal(decode.origin, 'assumed');
    assert.ok(decode.perSecond.high / decode.perSecond.low > 4);
  });
});
