import type { MemoryTerm, TermName } from '../../src/core/estimate/memoryEstimate';
import type { BareVariants } from '../../src/core/finding/bareModel';
import type { EstimateResult } from '../../src/core/finding/result';
import type { SettingOrigin } from '../../src/core/job/job';
import type { JobDocument } from '../../src/core/job/jobDocument';
import { GiB } from '../../src/core/units/bytes';
import type { Origin } from '../../src/core/units/origin';
import { exactly, range, spread } from '../../src/core/units/range';

/** A term of so many GiB. */
export function term(name: TermName, gib: number, component = 'main'): MemoryTerm {
  return { name, component, bytes: exactly(gib * GiB), size: exactly(gib * GiB), origin: 'formula' };
}

export function setting(key: string): SettingOrigin {
  return { origin: 'exact', source: `line 3`, file: '/w/train.yaml', key, keySpan: null, valueSpan: null };
}

/** The uses of a bare language model. */
export function languageVariants(
  run: EstimateResult,
  qlora: EstimateResult,
  full: EstimateResult,
): BareVariants {
  return {
    run,
    others: [
      {
        name: 'QLoRA',
        says: 'Fine-tuning with QLoRA',
        heading: 'Memory to fine-tune it with QLoRA',
        smaller: '4-bit',
        result: qlora,
      },
      {
        name: 'Full',
        says: 'Full fine-tuning',
        heading: 'Memory to fine-tune all of it',
        smaller: null,
        result: full,
      },
    ],
  };
}

const document: JobDocument = {
  schema: 1,
  engine: { name: 'axolotl', version: null, backend: null },
  models: [
    {
      role: 'main',
      config: null,
      path: null,
      hub: 'meta-llama/Llama-3.1-8B',
      dtype: 'bf16',
      quantization: null,
      adapters: [],
    },
  ],
  task: 'train',
  inference: {
    contextLength: 8192,
    promptLength: 0,
    outputLength: null,
    concurrency: 1,
    sharedPrefixLength: 0,
    maxBatchedTokens: null,
    maxSequences: null,
    memoryFraction: null,
    eager: false,
    microBatch: 512,
    flashAttention: true,
    kv: { k: 'f16', v: 'f16' },
    placement: {
      gpuLayers: 'all',
      expertsOnHost: false,
      tensorSplit: null,
      splitMode: 'layer',
      kvOnHost: false,
      mmap: true,
    },
    speculative: null,
    lora: null,
    multimodal: null,
    image: null,
  },
  training: {
    objective: 'sft',
    method: 'lora',
    microBatch: 8,
    sequenceLength: 2048,
    gradientAccumulation: 1,
    packing: false,
    precision: 'bf16',
    optimizer: { name: 'adamw', stateBits: null, paged: false, implementation: null, inBackward: false },
    gradientCheckpointing: 'none',
    activationOffload: false,
    attention: 'sdpa',
    loss: 'plain',
    compile: false,
    lora: { rank: 8, targets: ['q_proj', 'v_proj'], modulesToSave: [] },
    rl: null,
    eval: null,
    data: { tokens: null, epochs: null, lengths: null },
    sharding: { strategy: 'none', offloadParameters: 'none', offloadOptimizer: 'none' },
  },
  parallel: {
    data: 1,
    tensor: 1,
    pipeline: 1,
    context: 1,
    expert: 1,
    schedule: null,
    microBatches: null,
  },
  resources: { nodes: null, devicesPerNode: null, device: null, hostMemoryBytes: null },
};

/** What a test says about a result; the rest is an axolotl job that fits an RTX 4090. */
export interface Sample {
  readonly verdict?: EstimateResult['verdict'];
  readonly verdictNow?: EstimateResult['verdictNow'];
  readonly failure?: EstimateResult['failure'];
  readonly reason?: string;
  readonly model?: Partial<EstimateResult['model']>;
  readonly task?: JobDocument['task'];
  readonly training?: Partial<JobDocument['training']>;
  readonly inference?: Partial<JobDocument['inference']>;
  readonly parallel?: Partial<JobDocument['parallel']>;
  readonly origins?: EstimateResult['job']['origins'];
  /** GiB at the peak: low, expected, high; null = not estimated. */
  readonly peak?: readonly [number, number, number] | null;
  readonly terms?: readonly MemoryTerm[];
  readonly hostGiB?: number;
  readonly placement?: EstimateResult['memory']['placement'];
  readonly target?: Partial<EstimateResult['target']>;
  readonly limits?: Partial<EstimateResult['limits']>;
  readonly speed?: {
    readonly name: 'train' | 'decode' | 'embed' | 'image';
    readonly perSecond: number;
    readonly each?: number;
    readonly firstTokenSeconds?: number;
    readonly seconds?: number;
    readonly origin?: Origin;
  } | null;
  readonly cpu?: EstimateResult['cpu'];
  readonly remedies?: EstimateResult['remedies'];
}

/** An EstimateResult as the core would give it, from the few values that a test is about. */
export function sampleResult(sample: Sample = {}): EstimateResult {
  const [low, expected, high] = sample.peak ?? [17.1, 17.8, 18.5];
  const peak = range(low * GiB, expected * GiB, high * GiB);
  const terms = sample.terms ?? [term('weights', 15), term('activations', 2.8)];
  const verdict = sample.verdict ?? 'fits';
  const speed =
    sample.speed === undefined
      ? ({ name: 'train', perSecond: 2100, origin: 'measured' } as const)
      : sample.speed;
  return {
    source: { file: '/w/train.yaml', line: 1, key: 'base_model' },
    kind: 'axolotl',
    verdict,
    verdictNow: sample.verdictNow ?? verdict,
    failure: sample.failure ?? null,
    reason: sample.reason ?? 'The peak is below what the device has.',
    model: {
      id: 'meta-llama/Llama-3.1-8B',
      architecture: 'LlamaForCausalLM',
      parameters: 8_030_261_248,
      activeParameters: 8_030_261_248,
      trainableParameters: 0,
      weightBytes: 16_060_522_496,
      dtype: 'bf16',
      quantization: null,
      unreached: null,
      origin: 'exact',
      ...sample.model,
    },
    job: {
      ...document,
      task: sample.task ?? 'train',
      training: { ...document.training, ...sample.training },
      inference: { ...document.inference, ...sample.inference },
      parallel: { ...document.parallel, ...sample.parallel },
      origins: sample.origins ?? {},
    },
    target: {
      name: 'NVIDIA GeForce RTX 4090',
      label: 'RTX 4090',
      choice: 'chosen',
      alternatives: [],
      pools: [
        {
          kind: 'device',
          name: 'NVIDIA GeForce RTX 4090',
          count: 1,
          usableBytes: 23.5 * GiB,
          freeBytes: null,
        },
        { kind: 'host', name: 'RAM', count: 1, usableBytes: 60 * GiB, freeBytes: null },
      ],
      budget: { bytes: 23.5 * GiB, rule: 'usable' },
      ...sample.target,
    },
    memory: {
      perDevice:
        sample.peak === null
          ? []
          : [
              {
                device: 'NVIDIA GeForce RTX 4090',
                ranks: 1,
                phase: 'train-step',
                terms,
                allocatedPeak: peak,
                activePeak: peak,
                reservedPeak: peak,
                devicePeak: peak,
              },
            ],
      host: { terms: [], peak: exactly((sample.hostGiB ?? 0) * GiB) },
      diskBytes: null,
      placement: sample.placement ?? null,
    },
    limits: {
      maxContextLength: null,
      maxConcurrency: null,
      maxMicroBatch: null,
      kvPoolTokens: null,
      kvRequiredBytes: null,
      ...sample.limits,
    },
    speed: {
      phases:
        speed === null
          ? []
          : [
              {
                name: speed.name,
                perSecond: spread(speed.perSecond, 0.2, 0.2),
                unit: speed.name === 'embed' ? 'sequences' : speed.name === 'image' ? 'images' : 'tokens',
                boundBy: 'memory',
                origin: speed.origin ?? 'measured',
              },
            ],
      perRequest: {
        timeToFirstTokenSeconds:
          speed?.firstTokenSeconds === undefined ? null : exactly(speed.firstTokenSeconds),
        decodeTokensPerSecond: speed?.each === undefined ? null : exactly(speed.each),
      },
      durationSeconds: speed?.seconds === undefined ? null : exactly(speed.seconds),
    },
    cpu: sample.cpu ?? null,
    remedies: sample.remedies ?? [],
  };
}

/** The target of a machine without a GPU. */
export const cpuTarget: EstimateResult['target'] = {
  name: 'CPU',
  label: 'CPU',
  choice: 'fallback',
  alternatives: [],
  pools: [{ kind: 'host', name: 'RAM', count: 1, usableBytes: 13 * GiB, freeBytes: 13 * GiB }],
  budget: { bytes: 13 * GiB, rule: 'available' },
};
