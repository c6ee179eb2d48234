/** A family whose shape a config has, although nobody knows its class. */
export interface LikelyShape {
  /** Class to read the config as. */
  readonly className: string;
  /** What the config shares with that family, for people. */
  readonly because: string;
}

type Fields = Readonly<Record<string, unknown>>;

function counts(config: Fields, ...keys: readonly string[]): boolean {
  return keys.every((key) => typeof config[key] === 'number' && Number.isInteger(config[key]));
}

const decoder = /(ForCausalLM|LMHeadModel)$/u;
const encoder = /(ForMaskedLM|ForSequenceClassification|ForTokenClassification|ForQuestionAnswering)$/u;
const stack = ['vocab_size', 'hidden_size', 'intermediate_size', 'num_hidden_layers', 'num_attention_heads'];

/**
 * The known class that a config of an unknown one is most likely built like: it names all sizes of a llama, of an expert model or of
 * BERT under their own keys. null = it does not say enough. The answer is an assumption and has to be called one.
 */
export function likelyShape(name: string | null, config: Fields): LikelyShape | null {
  if (name === null || !counts(config, ...stack)) return null;
  const task = encoder.exec(name)?.[0];
  if (task !== undefined)
    return counts(config, 'type_vocab_size', 'max_position_embeddings')
      ? { className: `Bert${task}`, because: 'the sizes of an encoder' }
      : null;
  if (!decoder.test(name)) return null;
  if (counts(config, 'kv_lora_rank', 'qk_rope_head_dim', 'n_routed_experts', 'moe_intermediate_size'))
    return { className: 'DeepseekV3ForCausalLM', because: 'latent attention and routed experts' };
  if (counts(config, 'num_experts', 'moe_intermediate_size', 'num_experts_per_tok'))
    return { className: 'Qwen3MoeForCausalLM', because: 'many small experts' };
  if (counts(config, 'num_local_experts', 'num_experts_per_tok'))
    return { className: 'MixtralForCausalLM', because: 'experts as wide as an MLP' };
  return { className: 'LlamaForCausalLM', because: 'the sizes of a plain decoder' };
}
