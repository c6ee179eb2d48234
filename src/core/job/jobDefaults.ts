import type { EngineName, JobDocument } from './jobDocument';

/** The value at a dotted path of a type. */
type ValueAt<T, P extends string> = P extends `${infer Head}.${infer Rest}`
  ? Head extends keyof T
    ? ValueAt<T[Head], Rest>
    : never
  : P extends keyof T
    ? T[P]
    : never;

/** Settings that are set as a whole: below them nothing has a default of its own. */
const leafPaths = [
  'engine.name',
  'engine.version',
  'engine.backend',
  'task',
  'inference.contextLength',
  'inference.promptLength',
  'inference.outputLength',
  'inference.concurrency',
  'inference.sharedPrefixLength',
  'inference.maxBatchedTokens',
  'inference.maxSequences',
  'inference.memoryFraction',
  'inference.eager',
  'inference.microBatch',
  'inference.flashAttention',
  'inference.kv.k',
  'inference.kv.v',
  'inference.placement.gpuLayers',
  'inference.placement.expertsOnHost',
  'inference.placement.tensorSplit',
  'inference.placement.splitMode',
  'inference.placement.kvOnHost',
  'inference.placement.mmap',
  'inference.speculative',
  'inference.lora',
  'inference.multimodal',
  'inference.image',
  'training.objective',
  'training.method',
  'training.trainable',
  'training.microBatch',
  'training.sequenceLength',
  'training.gradientAccumulation',
  'training.packing',
  'training.precision',
  'training.optimizer',
  'training.gradientCheckpointing',
  'training.activationOffload',
  'training.attention',
  'training.loss',
  'training.compile',
  'training.lora.rank',
  'training.lora.targets',
  'training.lora.modulesToSave',
  'training.rl',
  'training.eval',
  'training.data.tokens',
  'training.data.epochs',
  'training.data.lengths',
  'training.sharding.strategy',
  'training.sharding.offloadParameters',
  'training.sharding.offloadOptimizer',
  'parallel.data',
  'parallel.tensor',
  'parallel.pipeline',
  'parallel.context',
  'parallel.expert',
  'parallel.schedule',
  'parallel.microBatches',
  'resources.nodes',
  'resources.devicesPerNode',
  'resources.device',
  'resources.hostMemoryBytes',
] as const;

export type LeafPath = (typeof leafPaths)[number];
export type LeafValue<P extends LeafPath> = Exclude<ValueAt<JobDocument, P>, undefined>;
export type LeafValues = { readonly [P in LeafPath]: LeafValue<P> };

const leaves: ReadonlySet<string> = new Set(leafPaths);

export function isLeafPath(path: string): path is LeafPath {
  return leaves.has(path);
}

/** What a setting is when nothing sets it and its engine has no default of its own. */
export const jobDefaults: LeafValues = {
  'engine.name': 'transformers',
  'engine.version': null,
  'engine.backend': null,
  task: 'generate',
  'inference.contextLength': 8192,
  'inference.promptLength': 0,
  'inference.outputLength': null,
  'inference.concurrency': 1,
  'inference.sharedPrefixLength': 0,
  'inference.maxBatchedTokens': null,
  'inference.maxSequences': null,
  'inference.memoryFraction': null,
  'inference.eager': false,
  'inference.microBatch': 512,
  'inference.flashAttention': true,
  'inference.kv.k': 'auto',
  'inference.kv.v': 'auto',
  'inference.placement.gpuLayers': 'all',
  'inference.placement.expertsOnHost': false,
  'inference.placement.tensorSplit': null,
  'inference.placement.splitMode': 'layer',
  'inference.placement.kvOnHost': false,
  'inference.placement.mmap': true,
  'inference.speculative': null,
  'inference.lora': null,
  'inference.multimodal': null,
  'inference.image': null,
  'training.objective': 'sft',
  'training.method': 'full',
  'training.trainable': null,
  'training.microBatch': 1,
  'training.sequenceLength': 2048,
  'training.gradientAccumulation': 1,
  'training.packing': false,
  'training.precision': 'bf16',
  'training.optimizer': {
    name: 'adamw',
    stateBits: null,
    paged: false,
    implementation: null,
    inBackward: false,
  },
  'training.gradientCheckpointing': 'full',
  'training.activationOffload': false,
  'training.attention': 'sdpa',
  'training.loss': 'plain',
  'training.compile': false,
  'training.lora.rank': 8,
  'training.lora.targets': ['q_proj', 'v_proj'],
  'training.lora.modulesToSave': [],
  'training.rl': null,
  'training.eval': null,
  'training.data.tokens': null,
  'training.data.epochs': null,
  'training.data.lengths': null,
  'training.sharding.strategy': 'none',
  'training.sharding.offloadParameters': 'none',
  'training.sharding.offloadOptimizer': 'none',
  'parallel.data': 1,
  'parallel.tensor': 1,
  'parallel.pipeline': 1,
  'parallel.context': 1,
  'parallel.expert': 1,
  'parallel.schedule': null,
  'parallel.microBatches': null,
  'resources.nodes': null,
  'resources.devicesPerNode': null,
  'resources.device': null,
  'resources.hostMemoryBytes': null,
};

export interface EngineDefault {
  readonly values: Partial<LeafValues>;
  /** For people. */
  readonly source: string;
}

/**
 * Defaults that are an engine's own. llama.cpp (`common/common.h`: `n_gpu_layers = -1`, `cache_type_k = GGML_TYPE_F16`)
 * and Ollama (`NumGPU: -1`, `OLLAMA_KV_CACHE_TYPE` f16) place layers by themselves and keep an f16 cache whatever the
 * model's type.
 */
export function engineDefaults(engine: EngineName): EngineDefault | null {
  switch (engine) {
    case 'llama.cpp':
    case 'ollama':
      return {
        values: {
          'inference.placement.gpuLayers': 'auto',
          'inference.kv.k': 'f16',
          'inference.kv.v': 'f16',
        },
        source: engine,
      };
    case 'transformers':
    case 'vllm':
    case 'sglang':
    case 'tgi':
    case 'tensorrt-llm':
    case 'mlx':
    case 'exllamav2':
    case 'autoawq':
    case 'mlc':
    case 'onnxruntime':
    case 'diffusers':
    case 'torchtune':
    case 'litgpt':
    case 'torchtitan':
    case 'axolotl':
    case 'llama-factory':
    case 'unsloth':
    case 'deepspeed':
    case 'megatron':
    case 'pytorch':
      return null;
  }
}

/** Engines that only train. */
export function isTrainingEngine(engine: EngineName): boolean {
  return trainingEngines.has(engine);
}

const trainingEngines: ReadonlySet<EngineName> = new Set<EngineName>([
  'torchtune',
  'litgpt',
  'torchtitan',
  'axolotl',
  'llama-factory',
  'unsloth',
  'deepspeed',
  'megatron',
]);
