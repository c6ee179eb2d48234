/** A config as minimal facts: what `config.json` would say of the shapes, the rest being the class's defaults. */
export type Config = Readonly<Record<string, unknown>>;

/** A widely used architecture with the names that it goes by. */
export interface KnownRow {
  /** The hub id that the shapes belong to. */
  readonly id: string;
  /** Other names of the same shapes, besides other organisations' copies, which match by themselves. */
  readonly aliases: readonly string[];
  readonly config: Config;
}

interface Decoder {
  readonly vocab: number;
  readonly layers: number;
  readonly hidden: number;
  readonly heads: number;
  readonly kv: number;
  readonly mlp: number;
  readonly context: number;
}

/** The fields that llama and its relatives share. */
export function decoder(modelType: string, architecture: string, shape: Decoder, more: Config = {}): Config {
  return {
    model_type: modelType,
    architectures: [architecture],
    vocab_size: shape.vocab,
    num_hidden_layers: shape.layers,
    hidden_size: shape.hidden,
    num_attention_heads: shape.heads,
    num_key_value_heads: shape.kv,
    intermediate_size: shape.mlp,
    max_position_embeddings: shape.context,
    torch_dtype: 'bfloat16',
    ...more,
  };
}

export type Shape = readonly [
  vocab: number,
  layers: number,
  hidden: number,
  heads: number,
  kv: number,
  mlp: number,
  context: number,
];

export function named([vocab, layers, hidden, heads, kv, mlp, context]: Shape): Decoder {
  return { vocab, layers, hidden, heads, kv, mlp, context };
}

export function row(id: string, aliases: readonly string[], config: Config): KnownRow {
  return { id, aliases, config };
}

export const float16 = { torch_dtype: 'float16' };
export const float32 = { torch_dtype: 'float32' };
export const tied = { tie_word_embeddings: true };
export const untied = { tie_word_embeddings: false };
