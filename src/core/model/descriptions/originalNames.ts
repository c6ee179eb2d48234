import type { Blueprint, StoredTensor, TensorSpec } from '../blueprint';

/** Module names of transformers -> what Meta's and Mistral's own checkpoints call them, the first that matches. */
const modules: readonly (readonly [library: RegExp, original: string])[] = [
  [/^model\.vision_tower\./u, 'vision_encoder.'],
  [/^model\.multi_modal_projector\.linear_1\./u, 'vision_language_adapter.w_in.'],
  [/^model\.multi_modal_projector\.linear_2\./u, 'vision_language_adapter.w_out.'],
  [/^model\.multi_modal_projector\.norm\./u, 'pre_mm_projector_norm.'],
  [/^model\.multi_modal_projector\.patch_merger\./u, 'patch_merger.'],
  [/^model\.(?:language_model\.)?embed_tokens\./u, 'tok_embeddings.'],
  [/^model\.(?:language_model\.)?/u, ''],
  [/^lm_head\./u, 'output.'],
];

/** Parts within a layer. */
const parts: readonly (readonly [library: RegExp, original: string])[] = [
  [/\.(?:self_attn|attention)\.([qkvo])_proj\./u, '.attention.w$1.'],
  [/\.(?:mlp|feed_forward)\.gate_proj\./u, '.feed_forward.w1.'],
  [/\.(?:mlp|feed_forward)\.up_proj\./u, '.feed_forward.w3.'],
  [/\.(?:mlp|feed_forward)\.down_proj\./u, '.feed_forward.w2.'],
  [/\.(?:mlp|block_sparse_moe)\./u, '.feed_forward.'],
  [/\.input_layernorm\./u, '.attention_norm.'],
  [/\.post_attention_layernorm\./u, '.ffn_norm.'],
];

/**
 * The Blueprint of a llama or mistral class with the names that an original checkpoint (`consolidated.*`) holds its
 * tensors under. Sources: llama_models 0.3.0 llama3/model.py, mistral_inference 1.6.0 transformer.py, vision_encoder.py.
 */
export function withOriginalNames(blueprint: Blueprint): Blueprint {
  return {
    ...blueprint,
    tensors: blueprint.tensors.map((tensor): TensorSpec => {
      const forms: readonly StoredTensor[] = tensor.stored ?? [
        { name: tensor.name, shape: tensor.shape, count: null },
      ];
      return { ...tensor, stored: forms.map((form) => ({ ...form, name: originalName(form.name) })) };
    }),
  };
}

function originalName(name: string): string {
  const [module, prefix] = modules.find(([pattern]) => pattern.test(name)) ?? [/^/u, ''];
  const moved = name.replace(module, prefix);
  const [part, own] = parts.find(([pattern]) => pattern.test(moved)) ?? [/^/u, ''];
  return moved.replace(part, own);
}
