import assert from 'node:assert/strict';
import fc from 'fast-check';
import { inferenceJob, jobDocument, trainingJob } from '../../../test/estimate/jobDocument';
import { resolveTarget } from '../hardware/resolveTarget';
import type { Target } from '../hardware/target';
import type { EngineName, JobDocument } from '../job/jobDocument';
import { blueprintFromConfig } from '../model/blueprintFromConfig';
import type { Quantization } from '../model/blueprint';
import { estimateMemory } from './estimateMemory';
import type { MemoryEstimate } from './memoryEstimate';

interface Sizes {
  readonly type: 'llama' | 'mistral' | 'qwen2' | 'qwen3';
  readonly layers: number;
  readonly headDim: number;
  readonly kv: number;
  readonly groups: number;
  readonly intermediate: number;
  readonly vocab: number;
  readonly tied: boolean;
}

const sizes: fc.Arbitrary<Sizes> = fc.record({
  type: fc.constantFrom('llama', 'mistral', 'qwen2', 'qwen3'),
  layers: fc.integer({ min: 2, max: 48 }),
  headDim: fc.integer({ min: 4, max: 32 }).map((value) => value * 8),
  kv: fc.integer({ min: 1, max: 16 }),
  groups: fc.integer({ min: 1, max: 8 }),
  intermediate: fc.integer({ min: 8, max: 512 }).map((value) => value * 64),
  vocab: fc.integer({ min: 1000, max: 200_000 }),
  tied: fc.boolean(),
});

const classes = {
  llama: 'LlamaForCausalLM',
  mistral: 'MistralForCausalLM',
  qwen2: 'Qwen2ForCausalLM',
  qwen3: 'Qwen3ForCausalLM',
} as const;

function configOf(s: Sizes): Readonly<Record<string, unknown>> {
  const heads = s.kv * s.groups;
  return {
    architectures: [classes[s.type]],
    model_type: s.type,
    hidden_size: heads * s.headDim,
    // qwen2 has no head_dim: it follows from the others.
    ...(s.type === 'qwen2' ? {} : { head_dim: s.headDim }),
    ...(s.type === 'mistral' ? { sliding_window: null } : {}),
    num_hidden_layers: s.layers,
    num_attention_heads: heads,
    num_key_value_heads: s.kv,
    intermediate_size: s.intermediate,
    vocab_size: s.vocab,
    tie_word_embeddings: s.tied,
    max_position_embeddings: 1 << 20,
    torch_dtype: 'bfloat16',
  };
}

const resolution = resolveTarget('A100 80GB', { machine: null, choice: 'chosen' });
const target: Target = resolution.ok ? resolution.target : assert.fail(resolution.message);

function estimate(
  config: Readonly<Record<string, unknown>>,
  job: JobDocument,
  quantization: Quantization | null = null,
): MemoryEstimate {
  const setting = { ...jobDocument().models[0]!, quantization };
  const memory = estimateMemory({
    job: { ...job, models: [setting] },
    models: [{ setting, id: null, source: 'test', outcome: blueprintFromConfig(config) }],
    target,
  });
  assert.equal(memory.unknown, null);
  return memory;
}

function peak(memory: MemoryEstimate): number {
  return Math.max(...memory.perDevice.map((device) => device.devicePeak.expected));
}

function kvBytes(memory: MemoryEstimate): number {
  return memory.perDevice
    .flatMap((device) => device.terms)
    .filter((term) => term.name === 'kvCache')
    .reduce((sum, term) => sum + term.size.expected, 0);
}

function engine(name: EngineName): Pick<JobDocument, 'engine'> {
  return { engine: { name, version: null, backend: null } };
}

const training = fc.record({
  method: fc.constantFrom('full' as const, 'lora' as const),
  microBatch: fc.integer({ min: 1, max: 8 }),
  sequenceLength: fc.integer({ min: 1, max: 64 }).map((value) => value * 64),
  gradientAccumulation: fc.integer({ min: 1, max: 4 }),
  precision: fc.constantFrom('bf16' as const, 'bf16-mixed' as const, 'fp32' as const),
  attention: fc.constantFrom('sdpa' as const, 'eager' as const, 'flash' as const),
  loss: fc.constantFrom('plain' as const, 'chunked' as const, 'fused' as const),
  gradientCheckpointing: fc.constantFrom('none' as const, 'full' as const),
});

function checkShape(memory: MemoryEstimate): void {
  const ends = ['low', 'expected', 'high'] as const;
  for (const device of memory.perDevice) {
    for (const end of ends) {
      const sum = (names: readonly string[], inverted: boolean): number =>
        device.terms
          .filter((term) => names.includes(term.name) !== inverted)
          .reduce((total, term) => total + term.bytes[end], 0);
      const allocated = sum(['fragmentation', 'runtime'], true);
      assert.equal(device.allocatedPeak[end], allocated);
      assert.equal(device.reservedPeak[end], allocated + sum(['fragmentation'], false));
      assert.equal(device.devicePeak[end], device.reservedPeak[end] + sum(['runtime'], false));
    }
    const ranges = [
      device.allocatedPeak,
      device.activePeak,
      device.reservedPeak,
      device.devicePeak,
      ...device.terms.flatMap((term) => [term.bytes, term.size]),
    ];
    for (const range of ranges) {
      assert.ok(range.low <= range.expected && range.expected <= range.high, JSON.stringify(range));
      for (const end of ends) assert.ok(Number.isSafeInteger(range[end]), String(range[end]));
      assert.ok(range.low >= 0, JSON.stringify(range));
    }
  }
  for (const term of memory.host.terms) assert.ok(Number.isSafeInteger(term.bytes.expected));
}

describe('estimateMemory', () => {
  it('keeps a cache that is the closed form, to the byte, for 1,000 random decoders', () => {
    fc.assert(
      fc.property(
        sizes,
        fc.integer({ min: 1, max: 200_000 }),
        fc.integer({ min: 1, max: 32 }),
        (s, contextLength, concurrency) => {
          const closed = 2 * s.layers * s.kv * s.headDim * 2;
          const memory = estimate(configOf(s), inferenceJob({ contextLength, concurrency }));
          assert.equal(kvBytes(memory), closed * contextLength * concurrency);
          const padded = Math.ceil(contextLength / 256) * 256;
          const ggml = estimate(
            configOf(s),
            inferenceJob({ contextLength, concurrency }, engine('llama.cpp')),
          );
          assert.equal(kvBytes(ggml), closed * padded * concurrency);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('sums to its peaks, in whole bytes, each figure within its interval', () => {
    fc.assert(
      fc.property(sizes, training, (s, settings) => checkShape(estimate(configOf(s), trainingJob(settings)))),
      { numRuns: 200 },
    );
    fc.assert(
      fc.property(
        sizes,
        fc.constantFrom<EngineName>('transformers', 'llama.cpp', 'vllm', 'litgpt'),
        fc.integer({ min: 1, max: 100_000 }),
        fc.integer({ min: 0, max: 100_000 }),
        (s, name, contextLength, promptLength) =>
          checkShape(
            estimate(
              configOf(s),
              inferenceJob(
                { contextLength, promptLength: Math.min(promptLength, contextLength) },
                engine(name),
              ),
            ),
          ),
      ),
      { numRuns: 200 },
    );
  });

  it('never needs less for a longer context or one more sequence', () => {
    fc.assert(
      fc.property(
        sizes,
        fc.constantFrom<EngineName>('transformers', 'llama.cpp'),
        fc.integer({ min: 1, max: 50_000 }),
        fc.integer({ min: 1, max: 50_000 }),
        fc.integer({ min: 1, max: 8 }),
        (s, name, contextLength, more, concurrency) => {
          const at = (length: number, sequences: number): number =>
            peak(
              estimate(
                configOf(s),
                inferenceJob({ contextLength: length, concurrency: sequences }, engine(name)),
              ),
            );
          const now = at(contextLength, concurrency);
          assert.ok(at(contextLength + more, concurrency) >= now);
          assert.ok(at(contextLength, concurrency + 1) >= now);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('never needs less for a larger batch or a longer sequence, nor more for checkpointing', () => {
    fc.assert(
      fc.property(sizes, training, fc.integer({ min: 1, max: 8 }), (s, settings, more) => {
        const at = (change: Partial<JobDocument['training']>): number =>
          peak(estimate(configOf(s), trainingJob({ ...settings, ...change })));
        const now = at({});
        assert.ok(at({ microBatch: settings.microBatch + more }) >= now, 'micro batch');
        assert.ok(at({ sequenceLength: settings.sequenceLength + 64 * more }) >= now, 'sequence length');
        assert.ok(
          at({ gradientCheckpointing: 'full' }) <= at({ gradientCheckpointing: 'none' }),
          'checkpointing',
        );
      }),
      { numRuns: 200 },
    );
  });

  it('never needs less for more bits', () => {
    // Double quantisation keeps a table of a kilobyte for each matrix: in small ones it costs more than it saves.
    const steps: readonly (Quantization | null)[] = [
      { method: 'bnb-nf4', doubleQuant: false },
      { method: 'bnb-int8' },
      null,
    ];
    fc.assert(
      fc.property(sizes, (s) => {
        const bytes = steps.map((step) => estimate(configOf(s), inferenceJob({}), step).weightBytes);
        assert.deepEqual(
          [...bytes].sort((a, b) => a - b),
          bytes,
        );
      }),
      { numRuns: 100 },
    );
  });

  it('says why there is no figure', () => {
    const setting = jobDocument().models[0]!;
    const memory = estimateMemory({
      job: jobDocument(),
      models: [
        {
          setting,
          id: 'org/name',
          source: 'nowhere',
          outcome: { ok: false, reason: 'org/name is not on this machine.', problems: [] },
        },
      ],
      target,
    });
    assert.equal(memory.unknown, 'org/name is not on this machine.');
    assert.deepEqual(memory.perDevice, []);
  });

  it('knows less of a model that was read as another class', () => {
    const config = configOf({
      type: 'llama',
      layers: 16,
      headDim: 64,
      kv: 8,
      groups: 4,
      intermediate: 8192,
      vocab: 32_000,
      tied: false,
    });
    const unknown = { ...config, architectures: ['GlobbeForCausalLM'], model_type: 'globbe' };
    for (const name of ['transformers', 'vllm', 'llama.cpp'] as const) {
      const job = inferenceJob({}, engine(name));
      const known = estimate(config, job);
      const assumed = estimate(unknown, job);
      checkShape(assumed);
      const [before, after] = [known.perDevice[0], assumed.perDevice[0]];
      assert.ok(before !== undefined && after !== undefined);
      assert.equal(after.devicePeak.expected, before.devicePeak.expected);
      assert.ok(after.devicePeak.high > 1.1 * before.devicePeak.high, name);
      assert.ok(after.devicePeak.low < 0.95 * before.devicePeak.low, name);
      assert.ok(after.terms.every((term) => term.name !== 'weights' || term.origin === 'assumed'));
    }
  });
});
