/** Texts of files that Rooflens answers for, small enough to read in a test. */

/** Shapes of an 8 B llama, written as the library writes them. */
export const llama8b = JSON.stringify(
  {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    hidden_size: 4096,
    intermediate_size: 14336,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    num_key_value_heads: 8,
    vocab_size: 128256,
    max_position_embeddings: 131072,
    tie_word_embeddings: false,
    torch_dtype: 'bfloat16',
  },
  null,
  2,
);

/** A LoRA fine-tuning of a model that the shipped table knows. */
export function axolotl(
  options: { microBatch?: number; sequence?: number; model?: string; more?: string } = {},
): string {
  const { microBatch = 1, sequence = 1024, model = 'meta-llama/Llama-3.1-8B', more = '' } = options;
  return `base_model: ${model}
adapter: lora
lora_r: 16
lora_alpha: 32
lora_target_linear: true
sequence_len: ${sequence}
micro_batch_size: ${microBatch}
gradient_accumulation_steps: 4
num_epochs: 3
optimizer: adamw_torch
gradient_checkpointing: true
learning_rate: 0.0002
bf16: true
datasets:
  - path: data.jsonl
    type: alpaca
${more}`;
}
