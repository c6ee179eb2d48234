import type { ConfigReader } from '../configReader';
import type { Family } from '../family';
import {
  type Backbone,
  decoderFamily,
  sequenceClassification,
  tokenClassification,
} from '../parts/decoderFamily';
import { expertsOf, gatedExperts, layerExperts } from '../parts/experts';
import { type Indexer, latentAttention, latentSizes } from '../parts/latentAttention';
import { llamaFrame } from '../parts/llamaShape';
import { gatedMlp } from '../parts/mlp';
import type { ModelBuilder } from '../parts/modelBuilder';

/** What the MLPs of DeepSeek and the models built like it share. */
export interface RoutedSizes {
  readonly hidden: number;
  /** Width of the first, dense layers. */
  readonly dense: number;
  /** Whether a layer has experts. */
  readonly isSparse: (index: number) => boolean;
  readonly expertWidth: number;
  /** Shared experts, which are one MLP of that many widths. */
  readonly shared: number;
}

export function routedSizes(config: ConfigReader): RoutedSizes {
  return {
    hidden: config.size('hidden_size'),
    dense: config.size('intermediate_size'),
    isSparse: sparseLayers(config),
    expertWidth: config.size('moe_intermediate_size'),
    shared: config.integer('n_shared_experts'),
  };
}

/**
 * `mlp_layer_types` where the config has it, else every layer after the first ones: one where the class has no
 * `first_k_dense_replace` (glm4_moe_lite, which ignores it).
 */
function sparseLayers(config: ConfigReader): (index: number) => boolean {
  const words = config.perLayerWords('mlp_layer_types', config.layers('num_hidden_layers'));
  const counts = config.modelType !== 'glm4_moe_lite' && config.value('first_k_dense_replace') !== undefined;
  const dense = counts ? config.integer('first_k_dense_replace') : 1;
  return (index) => (words?.[index] === undefined ? index >= dense : words[index] === 'sparse');
}

/** `mlp` of layer `index`: dense in the first layers, else router, experts and shared experts. */
export function routedMlp(
  config: ConfigReader,
  model: ModelBuilder,
  index: number,
  sizes: RoutedSizes,
  options: { readonly correction: boolean; readonly bias?: boolean },
): void {
  const { hidden, dense, isSparse, expertWidth, shared } = sizes;
  const bias = options.bias ?? false;
  if (!isSparse(index)) {
    gatedMlp(model, 'mlp', hidden, dense, { bias });
    return;
  }
  const experts = expertsOf(config, 'n_routed_experts');
  model.scope('mlp', () => {
    gatedExperts(model, 'experts', { hidden, intermediate: expertWidth, experts });
    model.router('gate', hidden, experts.count);
    // Load balancing without an auxiliary loss: a saved buffer of fp32, not a parameter (arXiv 2408.15664).
    if (options.correction) model.buffer('gate.e_score_correction_bias', [experts.count], 'f32');
    gatedMlp(model, 'shared_experts', hidden, expertWidth * shared, { bias });
  });
  layerExperts(model, { hidden, intermediate: expertWidth, experts, shared: expertWidth * shared });
}

/** Norms of a layer. */
function norms(model: ModelBuilder, hidden: number): void {
  model.rmsNorm('input_layernorm', hidden);
  model.rmsNorm('post_attention_layernorm', hidden);
}

/** The lightning indexer of a layer, which selects the tokens that attention sees (DeepSeek-V3.2). */
function indexer(config: ConfigReader, model: ModelBuilder, hidden: number, queryRank: number): Indexer {
  const dim = config.size('index_head_dim');
  const heads = config.heads('index_n_heads');
  model.scope('self_attn.indexer', () => {
    model.linear('wq_b', queryRank, heads * dim, 'q');
    model.linear('wk', hidden, dim, 'k');
    model.layerNorm('k_norm', dim);
    model.linear('weights_proj', hidden, heads, 'other');
  });
  return { dim, heads, selects: config.size('index_topk') };
}

/**
 * Whether a layer has an indexer of its own: `indexer_types`, else `index_topk_pattern` (a list, or a letter a layer), else every
 * `index_topk_freq`-th layer after the first `index_skip_topk_offset`. The others use the selection of the layer before.
 */
function ownIndexer(config: ConfigReader, layers: number): (index: number) => boolean {
  const kinds = { full: true, F: true, shared: false, S: false };
  const key = ['indexer_types', 'index_topk_pattern'].find((one) => (config.value(one) ?? null) !== null);
  if (key !== undefined) {
    const words = config.value(key);
    const list: readonly unknown[] =
      typeof words === 'string' ? words.split(/(?=[FS])/u) : Array.isArray(words) ? words : [];
    if (list.length < layers) config.problem(key, `an entry for each of ${layers} layers`);
    return (index) => {
      const word = list[index] ?? 'full';
      if (typeof word === 'string' && Object.hasOwn(kinds, word)) return kinds[word as keyof typeof kinds];
      config.problem(key, 'entries of full or shared');
      return true;
    };
  }
  const every = config.has('index_topk_freq') ? Math.max(1, config.integer('index_topk_freq')) : 1;
  const offset = config.has('index_skip_topk_offset') ? config.integer('index_skip_topk_offset') : 2;
  return (index) => Math.max(index - offset + 1, 0) % every === 0;
}

interface Generation {
  readonly correction: boolean;
  readonly sparse: boolean;
  /** Some layers use the indexer of an earlier one. */
  readonly sharedIndexers?: boolean;
  /** Biases of dense and shared MLPs on request. */
  readonly mlpBias: boolean;
}

function backbone(config: ConfigReader, model: ModelBuilder, generation: Generation): Backbone {
  const sizes = latentSizes(config);
  const frame = {
    ...sizes,
    kvHeads: sizes.heads,
    headDim: sizes.nopeDim + sizes.ropeDim,
    vocab: config.size('vocab_size'),
    layers: config.layers('num_hidden_layers'),
    intermediate: config.size('intermediate_size'),
  };
  const routed = routedSizes(config);
  const bias = config.flag('attention_bias');
  const mlp = { correction: generation.correction, bias: generation.mlpBias && config.flag('mlp_bias') };
  const hasIndexer = generation.sharedIndexers ? ownIndexer(config, frame.layers) : (): boolean => true;
  const layer = (index: number): void => {
    const own =
      generation.sparse && hasIndexer(index)
        ? indexer(config, model, sizes.hidden, sizes.queryRank ?? sizes.hidden)
        : null;
    latentAttention(model, sizes, bias, own);
    routedMlp(config, model, index, routed, mlp);
    norms(model, sizes.hidden);
  };
  const made = llamaFrame(config, model, frame, layer);
  predictionLayers(config, model, frame.layers, sizes.hidden, frame.vocab, layer);
  return made;
}

/** Multi-token prediction: layers after the last one that checkpoints hold and the library does not load. */
export function predictionLayers(
  config: ConfigReader,
  model: ModelBuilder,
  first: number,
  hidden: number,
  vocab: number,
  layer: (index: number) => void,
): void {
  const count = config.has('num_nextn_predict_layers')
    ? config.integer('num_nextn_predict_layers', { max: 16 })
    : 0;
  model.notLoaded(() => {
    for (let index = first; index < first + count; index++)
      model.scope(`layers.${index}`, () => {
        model.embedding('embed_tokens', vocab, hidden);
        model.rmsNorm('enorm', hidden);
        model.rmsNorm('hnorm', hidden);
        model.linear('eh_proj', 2 * hidden, hidden, 'other');
        layer(index);
        model.rmsNorm('shared_head.norm', hidden);
        model.linear('shared_head.head', hidden, vocab, 'head');
      });
  });
}

const second = decoderFamily({
  modelType: 'deepseek_v2',
  className: 'DeepseekV2',
  tasks: [sequenceClassification],
  backbone: (config, model) => backbone(config, model, { correction: false, sparse: false, mlpBias: true }),
});

const third = decoderFamily({
  modelType: 'deepseek_v3',
  className: 'DeepseekV3',
  tasks: [sequenceClassification, tokenClassification],
  backbone: (config, model) => backbone(config, model, { correction: true, sparse: false, mlpBias: false }),
});

const sparse = decoderFamily({
  modelType: 'deepseek_v32',
  className: 'DeepseekV32',
  tasks: [],
  backbone: (config, model) => backbone(config, model, { correction: true, sparse: true, mlpBias: false }),
});

const glm5 = decoderFamily({
  modelType: 'glm_moe_dsa',
  className: 'GlmMoeDsa',
  tasks: [],
  backbone: (config, model) =>
    backbone(config, model, { correction: true, sparse: true, sharedIndexers: true, mlpBias: false }),
});

const lite = decoderFamily({
  modelType: 'glm4_moe_lite',
  className: 'Glm4MoeLite',
  tasks: [],
  backbone: (config, model) => backbone(config, model, { correction: true, sparse: false, mlpBias: false }),
});

/** DeepSeek-V2 to V3.2 and the GLM models of the same build: latent attention and routed experts. Source: transformers models of these names. */
export const deepseek: Family = {
  architectures: [second, third, sparse, glm5, lite].flatMap((family) => family.architectures),
};
