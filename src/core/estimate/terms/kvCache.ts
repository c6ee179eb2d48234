import type { AttentionSpec, Blueprint, LayerSpec } from '../../model/blueprint';
import { typeRowBytes } from './cacheType';

/** How an engine counts the tokens that a layer keeps and what it keeps of each. */
export interface CacheRules {
  /** Cells of one sequence that a layer keeps, by the engine's padding, window and page rules. */
  cells(attention: AttentionSpec): number;
  /** Multi-head latent attention is kept as one latent per token (vLLM, llama.cpp, transformers from 5.15 on) or as full heads. */
  readonly latent: boolean;
  readonly keyType: string;
  readonly valueType: string;
}

/** Bytes that one cell of a layer's cache takes, keys and values together. */
export function cellBytes(
  attention: AttentionSpec,
  rules: Pick<CacheRules, 'latent' | 'keyType' | 'valueType'>,
): number {
  const indexer = attention.indexerDim === undefined ? 0 : typeRowBytes(rules.keyType, attention.indexerDim);
  if (attention.latent !== null && rules.latent)
    return typeRowBytes(rules.keyType, attention.latent.rank + attention.latent.ropeDim) + indexer;
  const keys = typeRowBytes(rules.keyType, attention.kvHeads * attention.keyDim);
  const values = attention.keyIsValue
    ? 0
    : typeRowBytes(rules.valueType, attention.kvHeads * attention.valueDim);
  return keys + values + indexer;
}

/** Bytes of one layer's cache for one sequence. Layers that read another layer's cache keep nothing. */
export function layerCacheBytes(layer: LayerSpec, rules: CacheRules): number {
  let bytes = 0;
  for (const attention of [layer.attention, layer.cross]) {
    if (attention === null || attention.sharesKvWithLayer !== null || !keepsCache(attention)) continue;
    bytes += rules.cells(attention) * cellBytes(attention, rules) + compressedBytes(attention, rules);
  }
  return bytes;
}

/** Bytes of the compressed entries that a layer keeps of all tokens; an entry that is not full counts by its share. */
function compressedBytes(attention: AttentionSpec, rules: CacheRules): number {
  if (attention.compressed === undefined) return 0;
  const { ratio, dim, indexerDim } = attention.compressed;
  const cells = rules.cells({ ...attention, kind: 'full', window: null });
  return (cells / ratio) * (typeRowBytes(rules.keyType, dim) + typeRowBytes(rules.keyType, indexerDim));
}

/** Bytes of the whole cache for one sequence, exact. */
export function cacheBytes(blueprint: Blueprint, rules: CacheRules): number {
  return blueprint.layers.reduce((bytes, layer) => bytes + layerCacheBytes(layer, rules), 0);
}

/** An encoder's attention sees the whole input at once and keeps nothing. */
function keepsCache(attention: AttentionSpec): boolean {
  return attention.causal || attention.kind === 'cross';
}

/** Bytes that one more token adds to the cache of one sequence, windows not yet full. */
export function bytesPerToken(blueprint: Blueprint, rules: Omit<CacheRules, 'cells'>): number {
  return cacheBytes(blueprint, { ...rules, cells: (attention) => (attention.kind === 'cross' ? 0 : 1) });
}
