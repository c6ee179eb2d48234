import type { Dtype } from '../units/dtype';
import type { Origin } from '../units/origin';

/** What a tensor does. `role` is what LoRA targets, quantisation and sharding rules ask for; the name stays the library's. */
export type TensorRole =
  | 'embedding' // token embedding
  | 'position' // learned positions, token types
  | 'q'
  | 'k'
  | 'v'
  | 'qkv' // fused projections
  | 'o'
  | 'gate'
  | 'up'
  | 'gateUp'
  | 'down'
  | 'router'
  | 'norm'
  | 'head' // output embedding
  | 'classifier' // task head that is no output embedding
  | 'recurrent' // state-space, convolution or linear-attention parameters
  | 'projector' // between modalities
  | 'pooler'
  | 'other';

/** The kind of the module that holds the tensor: decides what bitsandbytes, PEFT and torchao touch. */
export type ModuleKind =
  | 'linear' // torch.nn.Linear itself
  | 'derived' // a class of the library's own that derives from it: some methods look for the exact class
  | 'matrix' // multiplied like a linear layer by a module that is none (routers): no method and no adapter finds it
  | 'conv1d'
  | 'conv'
  | 'embedding'
  | 'norm'
  | 'parameter'
  | 'buffer'
  | 'experts';

/**
 * How one tensor of the library lies in a checkpoint, where that differs. `{}` in the name stands for the expert's number,
 * from 0 to `count` - 1; a count of null is a single tensor.
 */
export interface StoredTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly count: number | null;
}

/** How a tensor lies in a file whose header was read, where no dtype says it: block formats such as GGUF's. */
export interface TensorStorage {
  /** The format's own name of the type: `Q4_K`, `MXFP4`. */
  readonly type: string;
  /** Exact bytes of the tensor in the file, padding apart. */
  readonly bytes: number;
}

/** Positions for each latent position, along time and along an edge. */
export interface GridScale {
  readonly time: number;
  readonly space: number;
}

/** One entry of the library's `state_dict`. */
export interface TensorSpec {
  readonly name: string;
  /** As stored: a torch Linear is [out, in], a GPT-2 Conv1D is [in, out]. */
  readonly shape: readonly number[];
  /** null: the model's dtype. */
  readonly dtype: Dtype | null;
  readonly role: TensorRole;
  readonly module: ModuleKind;
  /** Layer number within its component; null outside the layers. */
  readonly layer: number | null;
  /** `text`, `vision`, `audio`, `encoder`, ...; `text` for a plain language model. */
  readonly component: string;
  /** Name of the tensor that this one shares its memory with. It is counted once. */
  readonly tiedTo: string | null;
  /** The class ties it although the config says otherwise: it has memory of its own where a checkpoint holds it. */
  readonly ownWhenStored?: true;
  /** For stacked expert tensors and per-expert tensors: how many experts there are in the layer and how many one token passes. */
  readonly experts: { readonly count: number; readonly active: number } | null;
  /** The two matrix dimensions stand as [in, out] although the module kind does not imply it (gpt-oss experts). */
  readonly inputsFirst?: boolean;
  /**
   * Positions that a convolution's output has for each latent position, along time and along an edge (autoencoders and
   * convolutional denoisers); absent = the tensor works on no grid.
   */
  readonly grid?: GridScale;
  /** What a checkpoint holds instead of this tensor; absent = the same. */
  readonly stored?: readonly StoredTensor[];
  /** Type and bytes that a file's header gives this tensor; they win over any rule. Absent = follows from the dtype. */
  readonly storage?: TensorStorage;
}

/** What attention may keep per token. Which form is kept is the engine's rule. */
export interface AttentionSpec {
  readonly kind: 'full' | 'window' | 'chunked' | 'cross';
  /** Tokens seen by a window or chunk; null for full attention. */
  readonly window: number | null;
  readonly queryHeads: number;
  readonly kvHeads: number;
  readonly keyDim: number;
  readonly valueDim: number;
  /** Multi-head latent attention: elements of the compressed cache per token. */
  readonly latent: { readonly rank: number; readonly ropeDim: number } | null;
  /** Elements per token of the keys that a sparse-attention indexer keeps beside the cache. */
  readonly indexerDim?: number;
  /** Query heads of that indexer, which compare every token with all earlier keys of `indexerDim` (or `compressed.indexerDim`). */
  readonly indexerHeads?: number;
  /** Most earlier entries that sparse attention looks at; absent = all. */
  readonly selects?: number;
  /**
   * Beside the window, all tokens in compressed form: one entry of `dim` elements for every `ratio` tokens, and `indexerDim` more
   * where an indexer selects among them.
   */
  readonly compressed?: { readonly ratio: number; readonly dim: number; readonly indexerDim: number };
  /** Layer whose cache this one uses instead of its own. */
  readonly sharesKvWithLayer: number | null;
  /** The value is the key: only one is kept. */
  readonly keyIsValue: boolean;
  readonly causal: boolean;
  /** Tokens of the encoder for cross-attention, where the config fixes them. */
  readonly crossTokens: number | null;
}

/** State kept per sequence, whatever its length. Elements, with the dtype the engine keeps it in when the config says so. */
export interface RecurrentSpec {
  readonly kind: 'mamba' | 'mamba2' | 'gated-delta' | 'kda' | 'rwkv' | 'conv' | 'rglru' | 'linear';
  readonly convElements: number;
  readonly stateElements: number;
  readonly stateDtype: Dtype | null;
}

export interface MlpSpec {
  readonly kind: 'gated' | 'plain';
  /** Width of one dense MLP (0 = none beside the experts). */
  readonly intermediate: number;
  readonly moe: {
    readonly experts: number;
    readonly active: number;
    readonly intermediate: number;
    /** Width of the shared experts together. */
    readonly shared: number;
  } | null;
}

/** A layer of the forward pass. One whose weights are run again stands once for each run, under the same index. */
export interface LayerSpec {
  readonly index: number;
  readonly component: string;
  readonly attention: AttentionSpec | null;
  readonly cross: AttentionSpec | null;
  readonly recurrent: RecurrentSpec | null;
  readonly mlp: MlpSpec | null;
  /** Width of the residual stream. */
  readonly hidden: number;
  /** For a layer over a grid that is coarser or finer than the latents: as for tensors. */
  readonly grid?: GridScale;
}

/** How many pixels (space, along an edge) and frames (time) lie in one latent position. */
export interface LatentScale {
  readonly space: number;
  readonly time: number;
}

/** The part of a diffusion pipeline that is run once a step. */
export interface DenoiserSpec {
  readonly part: 'denoiser';
  /** What its pipeline makes when it is not told: pixels, and frames (1 = an image). */
  readonly output: { readonly width: number; readonly height: number; readonly frames: number };
  /** As the autoencoder of its pipeline has it. */
  readonly latent: LatentScale;
  /** Latent positions in one token. */
  readonly patch: LatentScale;
  /** Tokens of the prompt as its pipeline pads them. */
  readonly textTokens: number;
  /** With and without the prompt in one batch, in passes one after the other, or the prompt alone. */
  readonly guidance: 'batch' | 'passes' | 'none';
  /** Steps of its pipeline when it is not told. */
  readonly steps: number;
  /**
   * 16-bit tensors as wide as the hidden width that are alive for each token while a block attends: queries, keys and values
   * with their rotated fp32 copies, both streams joined, an MLP beside the attention. null for convolutional denoisers.
   */
  readonly attending: number | null;
  /** Its pipeline decodes in fp32 what the rest computes in fp16, where the autoencoder asks for it (`force_upcast`). */
  readonly upcastsDecoder: boolean;
}

/** The part of a diffusion pipeline between pixels and latents. */
export interface AutoencoderSpec {
  readonly part: 'autoencoder';
  readonly latent: LatentScale;
  /** A tile in pixels where decoding is tiled; null = the class has no tiling. */
  readonly tile: { readonly width: number; readonly height: number } | null;
  /** Frames that are decoded at a time; null = all. */
  readonly framesAtOnce: number | null;
  /** The first latent frame is decoded to as many frames as the others, and what is too much is dropped. */
  readonly dropsFrames?: boolean;
  /** Frames that convolutions over time keep of their inputs from one such piece to the next. */
  readonly framesKept: number;
  /** 16-bit tensors alive at once where the decoder is widest, in units of the widest input of a convolution. */
  readonly copies: number;
  /** `force_upcast`: fp16 is not enough for it. */
  readonly upcast: boolean;
}

/** The weights as a real checkpoint holds them. */
export interface StoredWeights {
  /** For people: `model.safetensors`. */
  readonly source: string;
  /** Bytes of all tensors in the files, also of those that the library does not load. */
  readonly fileBytes: number;
  /** Bytes of each tensor of the library by its name, scales and zeros of a quantised one included. */
  readonly bytes: Readonly<Record<string, number>>;
  /** Every tensor of the library that is not tied was found, with its shape or in quantised form. */
  readonly complete: boolean;
}

/** A model as the inventory of its tensors. Everything Rooflens says about a model follows from this. */
export interface Blueprint {
  /** Class name as in `architectures[0]`, e.g. `LlamaForCausalLM`. */
  readonly architecture: string;
  readonly modelType: string;
  /** Library that defines the class, with the version the oracle ran on, e.g. `transformers 5.23`. */
  readonly library: string;
  readonly origin: Origin;
  /** Sentences about what had to be assumed. */
  readonly assumptions: readonly string[];
  /** dtype of the checkpoint (config's `dtype`/`torch_dtype`, a header's most frequent float). */
  readonly dtype: Dtype;
  readonly dtypeOrigin: Origin;
  readonly hidden: number;
  readonly vocab: number;
  /** Longest context that the model was made for; null when it has no limit or none is known. */
  readonly maxContext: number | null;
  readonly task: 'generate' | 'embed' | 'classify' | 'transcribe' | 'diffuse' | 'vision';
  readonly layers: readonly LayerSpec[];
  readonly tensors: readonly TensorSpec[];
  /** What a part of a diffusion pipeline does there; absent for everything else. */
  readonly diffusion?: DenoiserSpec | AutoencoderSpec;
  /** Tensors that a checkpoint holds and the library does not load, such as multi-token prediction layers. */
  readonly checkpointOnly?: readonly TensorSpec[];
  /** What a real header says the weights take; absent = none was read. */
  readonly weights?: StoredWeights;
  /** Why this can be listed but not run by itself, as a sentence: a projector, an adapter, weights without a config. */
  readonly notRunnable?: string;
  /** What the config itself says about quantisation (its `quantization_config`, parsed); null = none. */
  readonly quantization: Quantization | null;
  /** `hidden_act` and friends, where a rule needs them. */
  readonly activation: string | null;
  /** Logits are passed through tanh soft-capping (one more fp32 copy in training). */
  readonly logitSoftcap: boolean;
  /** Attention weights are soft-capped: no fused attention kernel without support for it. */
  readonly attentionSoftcap: boolean;
}

/** How the weights of a group of modules are stored. */
export interface WeightScheme {
  readonly bits: number;
  readonly groupSize: number | null;
  /** `int`, `float`, with the container after a colon (`int:pack-quantized`), or the method's own name of the format. */
  readonly type: string;
  /** What shares one scale; absent = a group of inputs. */
  readonly strategy?: 'tensor' | 'channel' | 'group' | 'block';
  /** Rows and columns of a block. */
  readonly blockShape?: readonly [number, number] | null;
  readonly zeroPoint?: boolean;
  /** A scale of the inputs is stored with each matrix. */
  readonly inputScale?: boolean;
  /** The group of every input is stored. */
  readonly order?: boolean;
}

/** A scheme and the modules that it is for: names, `re:` expressions, or `Linear` for all. */
export interface WeightGroup extends WeightScheme {
  readonly targets: readonly string[];
}

/** How weights are stored. Methods and their fields follow the job document. */
export interface Quantization {
  readonly method: string;
  readonly bits?: number;
  readonly groupSize?: number | null;
  readonly type?: string;
  readonly doubleQuant?: boolean;
  /** GGUF: made with an importance matrix. */
  readonly imatrix?: boolean;
  readonly zeroPoint?: boolean;
  /** [rows, columns] of one scale, for block-scaled fp8. */
  readonly blockShape?: readonly [number, number] | null;
  /** What shares one scale, where there are neither groups nor blocks. */
  readonly strategy?: WeightScheme['strategy'];
  /** `ue8m0`: scales are powers of two, a byte each. */
  readonly scaleType?: 'ue8m0';
  /** Experts are stored in four bits, two numbers a byte with a scale of one byte for every 32 inputs. */
  readonly expertType?: 'fp4';
  /** A scale of the inputs is stored with each matrix. */
  readonly inputScale?: boolean;
  /** Bits of the output layer where they are its own. */
  readonly headBits?: number;
  /** The output layer is quantised like the rest. */
  readonly head?: boolean;
  /** Token embeddings and output layer are quantised too. */
  readonly embeddings?: boolean;
  /** Codes that one group of weights adds up (AQLM). */
  readonly codebooks?: number;
  /** The loader also quantises experts that the library keeps in one fused parameter. */
  readonly experts?: boolean;
  /** The loader also quantises linear modules of classes that derive from the library's. */
  readonly derived?: boolean;
  /** Module name patterns that stay unquantised (suffix or substring match as the method does). */
  readonly skip?: readonly string[];
  /** dtype of a quantised KV cache that the checkpoint asks for. */
  readonly kvCache?: string | null;
  /** Per-target overrides (compressed-tensors groups, modelopt mixed precision): first match wins. */
  readonly groups?: readonly WeightGroup[];
  /** What of the config could not be read, in a sentence; the bytes follow from the rest. */
  readonly unread?: string;
}

/** Something in a config that cannot be right or is missing. */
export interface ConfigProblem {
  /** Path of the key, dotted: `text_config.num_attention_heads`. */
  readonly key: string;
  /** As JSON, shortened; null when the key is missing. */
  readonly value: string | null;
  /** `a positive integer`, `a divisor of hidden_size 4096`. */
  readonly expected: string;
}

export type BlueprintOutcome =
  | { readonly ok: true; readonly blueprint: Blueprint }
  /** `reason` is one sentence; `problems` name the keys. */
  | { readonly ok: false; readonly reason: string; readonly problems: readonly ConfigProblem[] };
