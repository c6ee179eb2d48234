import * as v from 'valibot';
import { engineNames } from './jobDocument';

/**
 * The grammar of the job document, shorthands included: the one place that knows which keys there are, what each may
 * hold and what it means. The validator, the JSON Schema and the paths of `--set` all come from it. Every key may be
 * left out; its default is in `jobDefaults`.
 */

const LARGEST_TOKENS = 1e9;
const LARGEST_COUNT = 1e6;
const LARGEST_BYTES = 2 ** 53 - 1;

/** A whole number; the message is the expectation that a problem names. */
function whole(min: number, max: number) {
  const expected = min === 0 ? `a whole number from 0 to ${max}` : `a positive whole number up to ${max}`;
  return v.pipe(
    v.number(expected),
    v.integer(expected),
    v.minValue(min, expected),
    v.maxValue(max, expected),
  );
}

function real(min: number, max: number, expected: string) {
  return v.pipe(v.number(expected), v.minValue(min, expected), v.maxValue(max, expected));
}

function oneOf<const T extends readonly [string, ...string[]]>(...options: T) {
  return v.picklist(options, `one of ${options.join(', ')}`);
}

const flag = v.boolean('true or false');
const text = v.pipe(v.string('a text'), v.minLength(1, 'a text that is not empty'));
const words = v.array(text, 'a list of texts');
const tokens = whole(1, LARGEST_TOKENS);
const count = whole(1, LARGEST_COUNT);
const anything = v.record(v.string(), v.unknown(), 'an object');

const key = <S extends v.GenericSchema>(schema: S, description: string) =>
  v.optional(v.pipe(schema, v.description(description)));

/** Element types as people write them; `bf16`, `fp32` and `float16` are all understood. */
export const dtypeSpellings = {
  f64: 'f64',
  fp64: 'f64',
  float64: 'f64',
  f32: 'f32',
  fp32: 'f32',
  float32: 'f32',
  bf16: 'bf16',
  bfloat16: 'bf16',
  f16: 'f16',
  fp16: 'f16',
  float16: 'f16',
  f8_e4m3: 'f8_e4m3',
  fp8: 'f8_e4m3',
  fp8_e4m3: 'f8_e4m3',
  float8_e4m3fn: 'f8_e4m3',
  f8_e5m2: 'f8_e5m2',
  fp8_e5m2: 'f8_e5m2',
  float8_e5m2: 'f8_e5m2',
} as const;

const dtype = v.picklist(
  Object.keys(dtypeSpellings) as (keyof typeof dtypeSpellings)[],
  'a type such as bf16, fp16 or fp32',
);

const engine = v.strictObject(
  {
    name: v.pipe(
      v.picklist(engineNames, `one of ${engineNames.join(', ')}`),
      v.description('Which program runs the job.'),
    ),
    version: key(v.nullable(text), 'As the engine prints it; null = the newest rules known.'),
    backend: key(v.nullable(text), 'Device interface of the engine, where it has several.'),
  },
  'an engine name or {"name", "version", "backend"}',
);

const quantization = v.strictObject(
  {
    method: v.pipe(
      oneOf(
        'gguf',
        'bnb-nf4',
        'bnb-fp4',
        'bnb-int8',
        'gptq',
        'awq',
        'fp8',
        'mxfp4',
        'nvfp4',
        'exl2',
        'exl3',
        'hqq',
        'mlx',
        'compressed-tensors',
        'modelopt',
        'torchao',
        'quanto',
        'eetq',
        'fbgemm-fp8',
        'higgs',
        'aqlm',
        'bitnet',
      ),
      v.description('How the weights are stored.'),
    ),
    type: key(text, 'GGUF type such as Q4_K_M.'),
    bits: key(real(1, 16, 'a number of bits from 1 to 16'), 'Bits per weight.'),
    groupSize: key(
      v.nullable(whole(1, LARGEST_COUNT)),
      'Weights that share one scale; null = one per column.',
    ),
    doubleQuant: key(flag, 'The scales are quantised too (bitsandbytes).'),
    zeroPoint: key(flag, 'Groups have a zero point.'),
    blockShape: key(
      v.nullable(v.tuple([count, count], 'two whole numbers')),
      'Rows and columns of one scale.',
    ),
    experts: key(flag, 'The loader quantises experts that the library keeps in one parameter.'),
    skip: key(words, 'Module name patterns that stay unquantised.'),
    kvCache: key(v.nullable(text), 'Type of a quantised KV cache that the checkpoint asks for.'),
    groups: key(
      v.array(
        v.strictObject({
          targets: words,
          bits: real(1, 16, 'a number of bits from 1 to 16'),
          groupSize: v.nullable(count),
          type: v.string('a text'),
        }),
        'a list of groups',
      ),
      'Overrides by module; the first match wins.',
    ),
  },
  'null or an object with "method"',
);

const adapter = v.strictObject({
  rank: v.pipe(whole(1, 65536), v.description('Rank of the adapter.')),
  targets: v.pipe(
    v.union([v.literal('all-linear'), words], 'a list of module names or "all-linear"'),
    v.description('Modules that have an adapter.'),
  ),
});

const model = v.strictObject(
  {
    role: key(
      oneOf('main', 'draft', 'reference', 'reward', 'critic', 'teacher', 'projector', 'textEncoder', 'vae'),
      'What the model is for. Default: main.',
    ),
    config: key(v.nullable(anything), 'A Hugging Face config.json, written out.'),
    path: key(v.nullable(text), 'A folder, config.json, safetensors or GGUF file.'),
    hub: key(v.nullable(text), 'A model id, org/name. It is looked up on this machine only.'),
    dtype: key(v.nullable(dtype), 'Type of what is not quantised; null = what the config says.'),
    quantization: key(v.nullable(quantization), 'Absent = what the config says; null = none.'),
    adapters: key(v.array(adapter, 'a list of adapters'), 'LoRA adapters that are loaded with the model.'),
  },
  'an object with "config", "path" or "hub"',
);

const kv = v.union(
  [text, v.strictObject({ k: key(text, 'Type of the keys.'), v: key(text, 'Type of the values.') })],
  'a type such as f16 or {"k", "v"}',
);

const placement = v.strictObject(
  {
    gpuLayers: key(
      v.union([oneOf('all', 'auto'), whole(0, LARGEST_COUNT)], '"all", "auto" or a number of layers'),
      'all = even if that exceeds; auto = as the engine itself would; or a number (the output layer counts, and goes first).',
    ),
    expertsOnHost: key(flag, 'Expert weights stay in host memory.'),
    tensorSplit: key(
      v.nullable(v.array(real(0, 1e12, 'a number'), 'a list of numbers')),
      'Share of each device.',
    ),
    splitMode: key(oneOf('none', 'layer', 'row'), 'How several devices share the model.'),
    kvOnHost: key(flag, 'The KV cache stays in host memory.'),
    mmap: key(flag, 'Weights are mapped from the file.'),
  },
  'an object',
);

const image = v.strictObject(
  {
    width: key(v.nullable(whole(1, 65536)), "Pixels; null = the pipeline's own."),
    height: key(v.nullable(whole(1, 65536)), "Pixels; null = the pipeline's own."),
    frames: key(v.nullable(count), "Frames of a video; 1 for an image; null = the pipeline's own."),
    steps: key(v.nullable(count), "Denoising steps; null = the pipeline's own."),
    batch: key(count, 'Images at once.'),
    vaeTiling: key(flag, 'The decoder works in tiles.'),
    offload: key(
      oneOf('none', 'model', 'sequential', 'group'),
      'What is kept in host memory between uses: parts, modules or blocks.',
    ),
  },
  'null or an object',
);

const inference = v.strictObject(
  {
    contextLength: key(tokens, 'Tokens that one sequence may reach.'),
    promptLength: key(whole(0, LARGEST_TOKENS), 'Tokens of the prompt.'),
    outputLength: key(v.nullable(tokens), 'Tokens that are generated; null = up to the context.'),
    concurrency: key(count, 'Sequences at once.'),
    sharedPrefixLength: key(whole(0, LARGEST_TOKENS), 'Tokens that all sequences share.'),
    maxBatchedTokens: key(v.nullable(tokens), "Tokens of one engine step; null = the engine's own."),
    maxSequences: key(v.nullable(count), "Sequences that the engine is set up for; null = the engine's own."),
    memoryFraction: key(
      v.nullable(
        v.pipe(
          v.number('a fraction above 0, up to 1'),
          v.gtValue(0, 'a fraction above 0, up to 1'),
          v.maxValue(1, 'a fraction above 0, up to 1'),
        ),
      ),
      "Share of each device that the engine takes; null = the engine's own.",
    ),
    eager: key(flag, 'No CUDA graphs.'),
    microBatch: key(count, 'Tokens of one physical batch (llama.cpp: ubatch).'),
    flashAttention: key(flag, 'Fused attention.'),
    kv: key(
      kv,
      'Types of the KV cache; one text stands for both. auto = the type that the model computes in.',
    ),
    placement: key(placement, 'What is kept on the device and what on the host.'),
    speculative: key(v.nullable(anything), 'Speculative decoding.'),
    lora: key(v.nullable(anything), 'Adapters that the engine reserves memory for.'),
    multimodal: key(v.nullable(anything), 'Images, audio and video of one request.'),
    image: key(v.nullable(image), 'What a diffusion model makes.'),
  },
  'an object',
);

const precision = v.union(
  [
    oneOf('bf16', 'bf16-mixed', 'fp16-mixed', 'fp32', 'fp8-mixed'),
    v.strictObject({
      weights: v.pipe(dtype, v.description('Type that the weights are held in.')),
      compute: key(dtype, 'Type of the matrix products. Default: that of the weights.'),
      master: key(v.nullable(dtype), 'Type of a separate master copy; null = none.'),
      gradients: key(dtype, 'Type of the gradients. Default: that of the weights.'),
      reduce: key(v.nullable(dtype), 'Type of gradient reduction; null = that of the gradients.'),
    }),
  ],
  'one of bf16, bf16-mixed, fp16-mixed, fp32, fp8-mixed, or {"weights", "compute", "master", "gradients", "reduce"}',
);

const optimizer = v.union(
  [
    text,
    v.strictObject({
      name: v.pipe(
        text,
        v.description('adamw, sgd, adafactor, lion, muon, adamw_8bit, paged_adamw_8bit, ...'),
      ),
      stateBits: key(v.nullable(whole(1, 64)), 'Bits per state element; null = as the optimizer does.'),
      paged: key(flag, 'States may move to host memory.'),
      implementation: key(v.nullable(text), 'Library that it comes from.'),
      inBackward: key(flag, 'Fused into the backward pass: gradients are freed as they are used.'),
    }),
  ],
  'a name such as adamw or {"name", "stateBits", "paged"}',
);

const offload = oneOf('none', 'cpu', 'nvme');

const training = v.strictObject(
  {
    objective: key(
      oneOf(
        'pretrain',
        'sft',
        'dpo',
        'kto',
        'orpo',
        'reward',
        'grpo',
        'ppo',
        'distill',
        'contrastive',
        'diffusion',
      ),
      'What is learned.',
    ),
    method: key(
      oneOf('full', 'lora', 'qlora', 'dora', 'freeze'),
      'Which parameters are trained; qlora = lora on a bnb-nf4 base.',
    ),
    trainable: key(v.nullable(words), 'Patterns of the parameters that are trained, for the method freeze.'),
    microBatch: key(count, 'Sequences per device and step.'),
    sequenceLength: key(tokens, 'Tokens of one sequence.'),
    gradientAccumulation: key(count, 'Steps before the optimizer runs.'),
    packing: key(flag, 'Sequences are filled up with several samples.'),
    precision: key(precision, 'Types of weights, products, gradients.'),
    optimizer: key(optimizer, 'Optimizer.'),
    gradientCheckpointing: key(
      oneOf('none', 'full', 'selective'),
      'Activations are computed again instead of kept.',
    ),
    activationOffload: key(flag, 'Kept activations move to host memory.'),
    attention: key(oneOf('flash', 'sdpa', 'eager'), 'Attention kernel.'),
    loss: key(oneOf('plain', 'chunked', 'fused'), 'Whether the logits exist as a whole.'),
    compile: key(flag, 'torch.compile.'),
    lora: key(
      v.strictObject(
        {
          rank: key(whole(1, 65536), 'Rank of the adapters.'),
          targets: key(
            v.union([v.literal('all-linear'), words], 'a list of module names or "all-linear"'),
            'Module suffixes, or the roles q_proj k_proj v_proj o_proj gate_proj up_proj down_proj mlp lm_head.',
          ),
          modulesToSave: key(words, 'Modules that are trained in full beside the adapters.'),
        },
        'an object',
      ),
      'Adapters, for the methods lora, qlora and dora.',
    ),
    rl: key(v.nullable(anything), 'Reinforcement learning and preference settings.'),
    eval: key(v.nullable(anything), 'Evaluation during training; null = none.'),
    data: key(
      v.strictObject(
        {
          tokens: key(v.nullable(whole(1, Number.MAX_SAFE_INTEGER)), 'Tokens of the data set.'),
          epochs: key(v.nullable(real(0, LARGEST_COUNT, 'a number of epochs')), 'Passes over the data.'),
          lengths: key(
            v.nullable(v.array(real(0, LARGEST_TOKENS, 'a number of tokens'), 'a list of numbers')),
            'Lengths of samples.',
          ),
        },
        'an object',
      ),
      'What is trained on.',
    ),
    sharding: key(
      v.strictObject(
        {
          strategy: key(
            oneOf('none', 'ddp', 'zero1', 'zero2', 'zero3', 'fsdp', 'fsdp2', 'fsdp-hybrid'),
            'What the data-parallel devices share.',
          ),
          offloadParameters: key(offload, 'Where parameters wait.'),
          offloadOptimizer: key(offload, 'Where optimizer states are.'),
        },
        'an object',
      ),
      'Sharding over data-parallel devices.',
    ),
  },
  'an object',
);

const parallel = v.strictObject(
  {
    data: key(count, 'Data-parallel devices.'),
    tensor: key(count, 'Devices that share each matrix.'),
    pipeline: key(count, 'Devices that share the layers.'),
    context: key(count, 'Devices that share each sequence.'),
    expert: key(count, 'Devices that share the experts.'),
    schedule: key(v.nullable(text), 'Pipeline schedule.'),
    microBatches: key(v.nullable(count), 'Micro batches in flight in the pipeline.'),
  },
  'an object',
);

const resources = v.strictObject(
  {
    nodes: key(v.nullable(count), 'Machines.'),
    devicesPerNode: key(v.nullable(count), 'Devices of each machine.'),
    device: key(v.nullable(text), 'Device that the job is meant for, as --target reads it.'),
    hostMemoryBytes: key(v.nullable(whole(1, LARGEST_BYTES)), 'Host memory of each machine, bytes.'),
  },
  'an object',
);

/** A job document as written. Types are those of the input: shorthands are still short. */
export const jobGrammar = v.pipe(
  v.strictObject(
    {
      $schema: key(v.string('a text'), 'Where this schema is.'),
      schema: key(v.literal(1, '1'), 'Version of this grammar.'),
      engine: key(
        v.union([v.picklist(engineNames), engine], 'an engine name or {"name", "version", "backend"}'),
        'What runs the job. Default: transformers.',
      ),
      models: key(
        v.pipe(v.array(model, 'a list of models'), v.minLength(1, 'at least one model')),
        'The models of the job; the first one is the main one.',
      ),
      model: key(model, 'Short for one main model.'),
      task: key(
        oneOf('generate', 'embed', 'classify', 'transcribe', 'diffuse', 'train'),
        'What is done. Default: train where only `training` is given, else generate.',
      ),
      inference: key(inference, 'How the model is run.'),
      training: key(training, 'How the model is trained.'),
      parallel: key(
        parallel,
        'data x tensor x pipeline x context is the number of devices; expert divides them.',
      ),
      resources: key(resources, 'What the job asks for.'),
      origins: key(anything, 'Where the values of a printed job came from. Ignored when read.'),
    },
    'an object',
  ),
  v.title('Rooflens job'),
  v.description('One model job: what is run or trained, with what settings.'),
);

export type JobInput = v.InferOutput<typeof jobGrammar>;
export type ModelInput = NonNullable<JobInput['model']>;
