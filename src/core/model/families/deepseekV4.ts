import type { ConfigReader } from '../configReader';
import { isRecord } from '../configReader';
import { attentionSpec } from '../parts/attention';
import { decoderFamily } from '../parts/decoderFamily';
import { expertsOf, gatedExperts, layerExperts } from '../parts/experts';
import { layerKinds } from '../parts/layerKinds';
import { gatedMlp } from '../parts/mlp';
import type { ModelBuilder } from '../parts/modelBuilder';

/** `window` sees near tokens alone; `sparse` and `heavy` also see all tokens in compressed form, `sparse` through an indexer. */
type Kind = 'window' | 'sparse' | 'heavy';

const kindWords: Readonly<Record<string, Kind>> = {
  sliding_attention: 'window',
  compressed_sparse_attention: 'sparse',
  heavily_compressed_attention: 'heavy',
};

const kindOfRatio: Readonly<Record<number, Kind>> = { 0: 'window', 4: 'sparse', 128: 'heavy' };

/** Layers that route by the token's number when the config does not say how many. */
const HASH_LAYERS = 3;

/** The kind of each layer and of the prediction layers after them: `layer_types`, else `compress_ratios`, else the class's own rule. */
function kinds(config: ConfigReader, layers: number): (index: number) => Kind {
  const ratios = config.integers('compress_ratios') ?? [];
  const listed = layerKinds(config, 'layer_types', layers, kindWords, (index) => {
    const ratio = ratios[index];
    if (ratio === undefined) {
      if (ratios.length > 0) config.problem('compress_ratios', `one entry for each of ${layers} layers`);
      return index >= 2 && index % 2 === 1 ? 'sparse' : 'heavy';
    }
    const kind = kindOfRatio[ratio];
    if (kind === undefined) config.problem('compress_ratios', 'entries of 0, 4 or 128');
    return kind ?? 'window';
  });
  return (index) => listed[index] ?? kindOfRatio[ratios[index] ?? 0] ?? 'window';
}

/** Tokens that one compressed entry stands for. */
function ratioOf(config: ConfigReader, kind: 'sparse' | 'heavy'): number {
  const [key, older, usual] =
    kind === 'sparse'
      ? (['compressed_sparse_attention', 'compress_rate_csa', 4] as const)
      : (['heavily_compressed_attention', 'compress_rate_hca', 128] as const);
  if (config.has(older)) return config.size(older, { max: 65_536 });
  const rates = config.value('compress_rates');
  const rate = isRecord(rates) ? rates[key] : usual;
  if (typeof rate === 'number' && Number.isInteger(rate) && rate > 0 && rate <= 65_536) return rate;
  config.problem('compress_rates', `a positive integer for ${key}`);
  return usual;
}

/** What compresses tokens to entries of `dim`; `series` is 2 where neighbouring windows overlap. */
function compressor(model: ModelBuilder, hidden: number, dim: number, ratio: number, series: number): void {
  model.tensor('position_bias', [ratio, series * dim], 'other', 'parameter', { dtype: 'f32' });
  model.linear('kv_proj', hidden, series * dim, 'k');
  model.linear('gate_proj', hidden, series * dim, 'gate');
  model.rmsNorm('kv_norm', dim);
}

/** One key and value head read as both, queries and outputs through a latent, outputs in groups of heads. */
function attention(config: ConfigReader, model: ModelBuilder, hidden: number, kind: Kind): void {
  const heads = config.heads('num_attention_heads');
  const headDim = config.size('head_dim');
  const queryRank = config.size('q_lora_rank');
  const groups = config.heads('o_groups');
  const outputRank = config.size('o_lora_rank');
  config.mustDivide('o_groups', groups, heads * headDim, 'num_attention_heads × head_dim');
  const selects = config.size('index_topk');
  const indexerDim = config.size('index_head_dim');
  model.scope('self_attn', () => {
    model.tensor('sinks', [heads], 'other', 'parameter', { dtype: 'f32' });
    model.linear('q_a_proj', hidden, queryRank, 'q');
    model.rmsNorm('q_a_norm', queryRank);
    model.linear('q_b_proj', queryRank, heads * headDim, 'q');
    model.linear('kv_proj', hidden, headDim, 'k');
    model.rmsNorm('kv_norm', headDim);
    const groupWidth = Math.floor((heads * headDim) / groups);
    model.tensor('o_a_proj.weight', [groups * outputRank, groupWidth], 'o', 'derived');
    model.linear('o_b_proj', groups * outputRank, hidden, 'o');
    if (kind === 'window') return;
    const ratio = ratioOf(config, kind);
    model.scope('compressor', () => {
      compressor(model, hidden, headDim, ratio, kind === 'sparse' ? 2 : 1);
      if (kind === 'heavy') return;
      const indexHeads = config.heads('index_n_heads');
      model.scope('indexer', () => {
        compressor(model, hidden, indexerDim, ratio, 2);
        model.linear('q_b_proj', queryRank, indexHeads * indexerDim, 'q');
        model.linear('scorer.weights_proj', hidden, indexHeads, 'other');
      });
    });
  });
  const near = attentionSpec(
    { hidden, heads, kvHeads: 1, headDim },
    { window: config.size('sliding_window') },
  );
  const spec = { ...near, keyIsValue: true };
  if (kind === 'window') model.layerAttention(spec);
  else {
    const compressed = {
      ratio: ratioOf(config, kind),
      dim: headDim,
      indexerDim: kind === 'sparse' ? indexerDim : 0,
    };
    const indexer = { selects, indexerHeads: config.heads('index_n_heads') };
    model.layerAttention({ ...spec, compressed, ...(kind === 'sparse' ? indexer : {}) });
  }
}

/** Weights that mix the parallel streams of the residual around a block (manifold-constrained hyper-connections). */
function streams(model: ModelBuilder, name: string, hidden: number, count: number): void {
  const rows = (2 + count) * count;
  model.scope(name, () => {
    model.tensor('fn', [rows, count * hidden], 'other', 'parameter', { dtype: 'f32' });
    model.tensor('base', [rows], 'other', 'parameter', { dtype: 'f32' });
    model.tensor('scale', [3], 'other', 'parameter', { dtype: 'f32' });
  });
}

/** What brings the streams together after the last layer. */
function lastStreams(model: ModelBuilder, hidden: number, count: number): void {
  model.scope('hc_head', () => {
    model.tensor('hc_fn', [count, count * hidden], 'other', 'parameter', { dtype: 'f32' });
    model.tensor('hc_base', [count], 'other', 'parameter', { dtype: 'f32' });
    model.tensor('hc_scale', [1], 'other', 'parameter', { dtype: 'f32' });
  });
}

/** Published checkpoints keep the names of DeepSeek's own code; transformers renames them on loading (conversion_mapping). */
const storedWords: readonly (readonly [library: RegExp, stored: string])[] = [
  [/^model\./u, ''],
  [/^embed_tokens\./u, 'embed.'],
  [/^lm_head\./u, 'head.'],
  [/hc_head\.hc_/u, 'hc_head_'],
  [/(attn|ffn)_hc\./u, 'hc_$1_'],
  [/input_layernorm/u, 'attn_norm'],
  [/post_attention_layernorm/u, 'ffn_norm'],
  [/self_attn\.sinks/u, 'attn.attn_sink'],
  [/self_attn\.compressor\.indexer\.scorer\./u, 'attn.indexer.'],
  [/self_attn\.compressor\.indexer\.q_b_proj/u, 'attn.indexer.wq_b'],
  [/self_attn\.compressor\.indexer\./u, 'attn.indexer.compressor.'],
  [/compressor\.kv_norm/u, 'compressor.norm'],
  [/position_bias/u, 'ape'],
  [/self_attn\./u, 'attn.'],
  [/q_a_norm/u, 'q_norm'],
  [/([qo])_([ab])_proj/u, 'w$1_$2'],
  [/\.kv_proj/u, '.wkv'],
  [/compressor\.gate_proj/u, 'compressor.wgate'],
  [/mlp\./u, 'ffn.'],
  [/e_score_correction_bias/u, 'bias'],
  [/shared_experts\.gate_proj/u, 'shared_experts.w1'],
  [/shared_experts\.down_proj/u, 'shared_experts.w2'],
  [/shared_experts\.up_proj/u, 'shared_experts.w3'],
];

function storedName(name: string): string {
  return storedWords.reduce((text, [library, stored]) => text.replace(library, stored), name);
}

/**
 * DeepSeek-V4: near tokens in a window and all tokens compressed, streams instead of one residual, experts chosen by the
 * token's number in the first layers. Source: transformers models/deepseek_v4; the prediction layer from DeepSeek's
 * published inference code (MTPBlock).
 */
export const deepseekV4 = decoderFamily({
  modelType: 'deepseek_v4',
  className: 'DeepseekV4',
  tasks: [],
  storedName,
  backbone(config, model) {
    const hidden = config.size('hidden_size');
    const vocab = config.size('vocab_size');
    const layers = config.layers('num_hidden_layers');
    const count = config.size('hc_mult', { max: 64 });
    const experts = expertsOf(config, 'n_routed_experts');
    const intermediate = config.size('moe_intermediate_size');
    const bias = config.flag('mlp_bias');
    const kindOf = kinds(config, layers);
    const hashed = config.has('num_hash_layers') ? config.integer('num_hash_layers') : HASH_LAYERS;
    const routers = layerKinds<'hash' | 'learned'>(
      config,
      'mlp_layer_types',
      layers,
      { hash_moe: 'hash', moe: 'learned' },
      (index) => (index < hashed ? 'hash' : 'learned'),
    );
    const layer = (index: number): void => {
      attention(config, model, hidden, kindOf(index));
      model.scope('mlp', () => {
        model.router('gate', hidden, experts.count);
        if (routers[index] === 'hash') model.buffer('gate.tid2eid', [vocab, experts.active], 'i64');
        else model.buffer('gate.e_score_correction_bias', [experts.count], 'f32');
        gatedExperts(model, 'experts', { hidden, intermediate, experts, storedNames: ['w1', 'w3', 'w2'] });
        gatedMlp(model, 'shared_experts', hidden, intermediate, { bias });
      });
      layerExperts(model, { hidden, intermediate, experts, shared: intermediate });
      model.rmsNorm('input_layernorm', hidden);
      model.rmsNorm('post_attention_layernorm', hidden);
      streams(model, 'attn_hc', hidden, count);
      streams(model, 'ffn_hc', hidden, count);
    };
    model.facts = {
      ...model.facts,
      hidden,
      vocab,
      maxContext: config.optionalSize('max_position_embeddings'),
      activation: config.text('hidden_act'),
    };
    model.embedding('embed_tokens', vocab, hidden);
    model.stack('layers', layers, hidden, layer);
    model.rmsNorm('norm', hidden);
    lastStreams(model, hidden, count);
    const predicted = config.has('num_nextn_predict_layers')
      ? config.integer('num_nextn_predict_layers', { max: 16 })
      : 0;
    model.notLoaded(() =>
      model.stack('mtp', predicted, hidden, (index) => {
        layer(layers + index);
        for (const norm of ['enorm', 'hnorm', 'norm']) model.rmsNorm(norm, hidden);
        model.linear('e_proj', hidden, hidden, 'other');
        model.linear('h_proj', hidden, hidden, 'other');
        lastStreams(model, hidden, count);
      }),
    );
    return { hidden, vocab };
  },
});
