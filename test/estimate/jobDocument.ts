import type { JobDocument } from '../../src/core/job/jobDocument';

const complete: JobDocument = {
  schema: 1,
  engine: { name: 'transformers', version: null, backend: null },
  models: [
    {
      role: 'main',
      config: {},
      path: null,
      hub: null,
      dtype: null,
      quantization: undefined,
      adapters: [],
    },
  ],
  task: 'generate',
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
    method: 'full',
    microBatch: 1,
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
    lora: { rank: 16, targets: 'all-linear', modulesToSave: [] },
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

/** A complete job document with some of its parts replaced. */
export function jobDocument(changes: Partial<JobDocument> = {}): JobDocument {
  return { ...complete, ...changes };
}

/** A complete training job with some of its settings replaced. */
export function trainingJob(
  training: Partial<JobDocument['training']>,
  changes: Partial<JobDocument> = {},
): JobDocument {
  return { ...complete, task: 'train', ...changes, training: { ...complete.training, ...training } };
}

/** A complete inference job with some of its settings replaced. */
export function inferenceJob(
  inference: Partial<JobDocument['inference']>,
  changes: Partial<JobDocument> = {},
): JobDocument {
  return { ...complete, ...changes, inference: { ...complete.inference, ...inference } };
}
