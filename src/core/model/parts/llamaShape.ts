import type { ConfigReader } from '../configReader';
import type { AttentionSizes } from './attention';
import type { Backbone } from './decoderFamily';
import type { ModelBuilder } from './modelBuilder';

/** The sizes that llama and the many classes shaped like it read from the same keys. */
export interface LlamaSizes extends AttentionSizes {
  readonly vocab: number;
  readonly layers: number;
  readonly intermediate: number;
}

/**
 * Heads, KV heads and head width from the usual keys: `num_key_value_heads` null = as many as heads; an explicit
 * `head_dim` beats hidden_size / num_attention_heads. That is rounded down, as most classes do; `exact`: the class refuses a
 * width that its heads do not divide.
 */
export function attentionSizes(config: ConfigReader, { exact = false } = {}): AttentionSizes {
  const hidden = config.size('hidden_size');
  const heads = config.heads('num_attention_heads');
  const kvHeads = config.optionalHeads('num_key_value_heads') ?? heads;
  config.mustDivide('num_key_value_heads', kvHeads, heads, 'num_attention_heads');
  const headDim = config.optionalSize('head_dim') ?? dividedWidth(config, hidden, heads, exact);
  return { hidden, heads, kvHeads, headDim };
}

function dividedWidth(config: ConfigReader, hidden: number, heads: number, exact: boolean): number {
  if (exact) return config.quotient('hidden_size', 'num_attention_heads');
  if (heads > hidden) config.problem('num_attention_heads', `at most hidden_size ${hidden}`);
  return Math.max(1, Math.floor(hidden / heads));
}

export function llamaSizes(config: ConfigReader, options: { readonly exact?: boolean } = {}): LlamaSizes {
  return {
    ...attentionSizes(config, options),
    vocab: config.size('vocab_size'),
    layers: config.layers('num_hidden_layers'),
    intermediate: config.size('intermediate_size'),
  };
}

/**
 * The frame of a llama-shaped base model: `embed_tokens`, `layers.N`, `norm`. `layer` adds what lies within one layer.
 */
export function llamaFrame(
  config: ConfigReader,
  model: ModelBuilder,
  sizes: LlamaSizes,
  layer: (index: number) => void,
  finalNorm: () => void = () => model.rmsNorm('norm', sizes.hidden),
): Backbone {
  const { hidden, vocab } = sizes;
  model.facts = {
    ...model.facts,
    hidden,
    vocab,
    maxContext: config.optionalSize('max_position_embeddings'),
    activation: config.text('hidden_act'),
  };
  model.embedding('embed_tokens', vocab, hidden);
  model.stack('layers', sizes.layers, hidden, layer);
  finalNorm();
  return { hidden, vocab };
}
