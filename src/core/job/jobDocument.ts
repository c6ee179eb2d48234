import type { Quantization } from '../model/blueprint';
import type { Dtype } from '../units/dtype';

/**
 * The job document (`*.rooflens.json`, `--job`), with every default filled in. It is also the inside form of every
 * recognised file: a format turns its own keys into paths of this document. Field names are the contract's.
 */
export interface JobDocument {
  readonly schema: 1;
  readonly engine: EngineSetting;
  readonly models: readonly ModelSetting[];
  readonly task: Task;
  readonly inference: InferenceSettings;
  readonly training: TrainingSettings;
  readonly parallel: ParallelSettings;
  readonly resources: ResourceSettings;
}

export type EngineName =
  | 'transformers'
  | 'vllm'
  | 'sglang'
  | 'tgi'
  | 'tensorrt-llm'
  | 'llama.cpp'
  | 'ollama'
  | 'mlx'
  | 'exllamav2'
  | 'autoawq'
  | 'mlc'
  | 'onnxruntime'
  | 'diffusers'
  | 'torchtune'
  | 'litgpt'
  | 'torchtitan'
  | 'axolotl'
  | 'llama-factory'
  | 'unsloth'
  | 'deepspeed'
  | 'megatron'
  | 'pytorch';

export const engineNames: readonly EngineName[] = [
  'transformers',
  'vllm',
  'sglang',
  'tgi',
  'tensorrt-llm',
  'llama.cpp',
  'ollama',
  'mlx',
  'exllamav2',
  'autoawq',
  'mlc',
  'onnxruntime',
  'diffusers',
  'torchtune',
  'litgpt',
  'torchtitan',
  'axolotl',
  'llama-factory',
  'unsloth',
  'deepspeed',
  'megatron',
  'pytorch',
];

export interface EngineSetting {
  readonly name: EngineName;
  /** As the engine prints it; null = the newest rules known, Range widened over versions. */
  readonly version: string | null;
  readonly backend: string | null;
}

export type ModelRole =
  'main' | 'draft' | 'reference' | 'reward' | 'critic' | 'teacher' | 'projector' | 'textEncoder' | 'vae';

export interface ModelSetting {
  readonly role: ModelRole;
  /** Exactly one of config, path, hub is set. */
  readonly config: Readonly<Record<string, unknown>> | null;
  readonly path: string | null;
  readonly hub: string | null;
  /** dtype of what is not quantised; null = what the config says. In training `precision` decides what is held. */
  readonly dtype: Dtype | null;
  /** undefined = what the config says; null = none. */
  readonly quantization: Quantization | null | undefined;
  readonly adapters: readonly AdapterSetting[];
}

export interface AdapterSetting {
  readonly rank: number;
  readonly targets: readonly string[] | 'all-linear';
}

export type Task = 'generate' | 'embed' | 'classify' | 'transcribe' | 'diffuse' | 'train';

export interface Placement {
  /** `all` (even if that exceeds), `auto` (as the engine itself would), or n (the output layer counts, and goes first). */
  readonly gpuLayers: 'all' | 'auto' | number;
  readonly expertsOnHost: boolean;
  readonly tensorSplit: readonly number[] | null;
  readonly splitMode: 'none' | 'layer' | 'row';
  readonly kvOnHost: boolean;
  readonly mmap: boolean;
}

export interface InferenceSettings {
  /** Tokens that one sequence may reach. */
  readonly contextLength: number;
  readonly promptLength: number;
  readonly outputLength: number | null;
  readonly concurrency: number;
  readonly sharedPrefixLength: number;
  readonly maxBatchedTokens: number | null;
  readonly maxSequences: number | null;
  readonly memoryFraction: number | null;
  readonly eager: boolean;
  readonly microBatch: number;
  readonly flashAttention: boolean;
  /** `auto` = the type that the model computes in. */
  readonly kv: { readonly k: string; readonly v: string };
  readonly placement: Placement;
  readonly speculative: Readonly<Record<string, unknown>> | null;
  readonly lora: Readonly<Record<string, unknown>> | null;
  readonly multimodal: Readonly<Record<string, unknown>> | null;
  readonly image: ImageSettings | null;
}

/** null = as the model's own pipeline does. */
export interface ImageSettings {
  readonly width: number | null;
  readonly height: number | null;
  readonly frames: number | null;
  readonly steps: number | null;
  readonly batch: number;
  readonly vaeTiling: boolean;
  /** Parts, modules or groups of blocks wait in host memory until they run. */
  readonly offload: 'none' | 'model' | 'sequential' | 'group';
}

export type Objective =
  | 'pretrain'
  | 'sft'
  | 'dpo'
  | 'kto'
  | 'orpo'
  | 'reward'
  | 'grpo'
  | 'ppo'
  | 'distill'
  | 'contrastive'
  | 'diffusion';

export type PrecisionName = 'bf16' | 'bf16-mixed' | 'fp16-mixed' | 'fp32' | 'fp8-mixed';

/** What is held in which type. `master` null = no separate master copy. */
export interface Precision {
  readonly weights: Dtype;
  readonly compute: Dtype;
  readonly master: Dtype | null;
  readonly gradients: Dtype;
  readonly reduce: Dtype | null;
}

export interface OptimizerSetting {
  readonly name: string;
  /** Bits per state element; null = as the optimizer itself does. */
  readonly stateBits: number | null;
  readonly paged: boolean;
  readonly implementation: string | null;
  /** Fused into the backward pass: gradients are freed as they are used. */
  readonly inBackward: boolean;
}

export interface LoraSetting {
  readonly rank: number;
  /** Module suffixes, or the roles q_proj k_proj v_proj o_proj gate_proj up_proj down_proj mlp lm_head. */
  readonly targets: readonly string[] | 'all-linear';
  readonly modulesToSave: readonly string[];
}

export type ShardingStrategy =
  'none' | 'ddp' | 'zero1' | 'zero2' | 'zero3' | 'fsdp' | 'fsdp2' | 'fsdp-hybrid';

export interface TrainingSettings {
  readonly objective: Objective;
  readonly method: 'full' | 'lora' | 'dora' | 'freeze';
  /** Patterns (regular expressions) of the parameters that are trained, for `freeze`; null = the whole model. */
  readonly trainable?: readonly string[] | null;
  readonly microBatch: number;
  readonly sequenceLength: number;
  readonly gradientAccumulation: number;
  readonly packing: boolean;
  readonly precision: PrecisionName | Precision;
  readonly optimizer: OptimizerSetting;
  readonly gradientCheckpointing: 'none' | 'full' | 'selective';
  readonly activationOffload: boolean;
  readonly attention: 'flash' | 'sdpa' | 'eager';
  readonly loss: 'plain' | 'chunked' | 'fused';
  readonly compile: boolean;
  readonly lora: LoraSetting;
  readonly rl: Readonly<Record<string, unknown>> | null;
  readonly eval: Readonly<Record<string, unknown>> | null;
  readonly data: {
    readonly tokens: number | null;
    readonly epochs: number | null;
    readonly lengths: readonly number[] | null;
  };
  readonly sharding: {
    readonly strategy: ShardingStrategy;
    readonly offloadParameters: 'none' | 'cpu' | 'nvme';
    readonly offloadOptimizer: 'none' | 'cpu' | 'nvme';
  };
}

export interface ParallelSettings {
  readonly data: number;
  readonly tensor: number;
  readonly pipeline: number;
  readonly context: number;
  readonly expert: number;
  readonly schedule: string | null;
  readonly microBatches: number | null;
}

export interface ResourceSettings {
  readonly nodes: number | null;
  readonly devicesPerNode: number | null;
  readonly device: string | null;
  readonly hostMemoryBytes: number | null;
}
