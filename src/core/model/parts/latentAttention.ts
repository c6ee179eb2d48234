import type { ConfigReader } from '../configReader';
import type { ModelBuilder } from './modelBuilder';

/** Sizes of multi-head latent attention (DeepSeek-V2, arXiv 2405.04434): keys and values from one small latent per token. */
export interface LatentSizes {
  readonly hidden: number;
  readonly heads: number;
  /** Width of the query's latent; null = queries are projected at once. */
  readonly queryRank: number | null;
  readonly rank: number;
  /** Width of a head's part without positions. */
  readonly nopeDim: number;
  /** Width of the rotary part, shared by all heads for the key. */
  readonly ropeDim: number;
  readonly valueDim: number;
}

export function latentSizes(config: ConfigReader): LatentSizes {
  return {
    hidden: config.size('hidden_size'),
    heads: config.heads('num_attention_heads'),
    queryRank: config.optionalSize('q_lora_rank'),
    rank: config.size('kv_lora_rank'),
    nopeDim: config.size('qk_nope_head_dim'),
    ropeDim: config.size('qk_rope_head_dim'),
    valueDim: config.size('v_head_dim'),
  };
}

/** A sparse indexer: elements of its keys per token, and how many tokens it lets attention see. */
export interface Indexer {
  readonly dim: number;
  readonly heads: number;
  readonly selects: number;
}

/** The attention module `self_attn` under DeepSeek's names. `indexer`: absent = attention sees all tokens. */
export function latentAttention(
  model: ModelBuilder,
  sizes: LatentSizes,
  bias: boolean,
  indexer: Indexer | null = null,
): void {
  const { hidden, heads, queryRank, rank, nopeDim, ropeDim, valueDim } = sizes;
  const keyDim = nopeDim + ropeDim;
  model.scope('self_attn', () => {
    if (queryRank === null) model.linear('q_proj', hidden, heads * keyDim, 'q');
    else {
      model.linear('q_a_proj', hidden, queryRank, 'q', bias);
      model.rmsNorm('q_a_layernorm', queryRank);
      model.linear('q_b_proj', queryRank, heads * keyDim, 'q');
    }
    model.linear('kv_a_proj_with_mqa', hidden, rank + ropeDim, 'k', bias);
    model.rmsNorm('kv_a_layernorm', rank);
    model.linear('kv_b_proj', rank, heads * (nopeDim + valueDim), 'v');
    model.linear('o_proj', heads * valueDim, hidden, 'o', bias);
  });
  model.layerAttention({
    kind: 'full',
    window: null,
    queryHeads: heads,
    kvHeads: heads,
    keyDim,
    valueDim,
    latent: { rank, ropeDim },
    ...(indexer === null
      ? {}
      : { indexerDim: indexer.dim, indexerHeads: indexer.heads, selects: indexer.selects }),
    sharesKvWithLayer: null,
    keyIsValue: false,
    causal: true,
    crossTokens: null,
  });
}
