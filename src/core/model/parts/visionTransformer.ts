import type { ConfigReader } from '../configReader';
import { attentionSpec } from './attention';
import { plainMlp } from './mlp';
import type { ModelBuilder } from './modelBuilder';

/** Sizes of a vision transformer with square images and patches. */
export interface VisionSizes {
  readonly hidden: number;
  readonly layers: number;
  readonly heads: number;
  readonly intermediate: number;
  readonly channels: number;
  readonly patch: number;
  /** Patches of one image. */
  readonly patches: number;
}

/** The usual keys of a vision config: `image_size`, `patch_size`, `num_channels` and the transformer's own. */
export function visionSizes(config: ConfigReader): VisionSizes {
  const patch = config.size('patch_size');
  const side = Math.floor(config.size('image_size') / patch);
  if (side < 1) config.problem('patch_size', 'at most image_size');
  config.quotient('hidden_size', 'num_attention_heads');
  return {
    hidden: config.size('hidden_size'),
    layers: config.layers('num_hidden_layers'),
    heads: config.heads('num_attention_heads'),
    intermediate: config.size('intermediate_size'),
    channels: config.size('num_channels'),
    patch,
    patches: side * side,
  };
}

/** A layer of CLIP and SigLIP, text or vision: norm, attention with biases, norm, two-matrix MLP. */
export function clipLayer(
  model: ModelBuilder,
  sizes: { readonly hidden: number; readonly heads: number; readonly intermediate: number },
  causal = false,
): void {
  const { hidden, heads, intermediate } = sizes;
  model.layerNorm('layer_norm1', hidden);
  model.scope('self_attn', () => {
    model.linear('k_proj', hidden, hidden, 'k', true);
    model.linear('v_proj', hidden, hidden, 'v', true);
    model.linear('q_proj', hidden, hidden, 'q', true);
    model.linear('out_proj', hidden, hidden, 'o', true);
  });
  model.layerAttention(
    attentionSpec({ hidden, heads, kvHeads: heads, headDim: Math.floor(hidden / heads) }, { causal }),
  );
  model.layerNorm('layer_norm2', hidden);
  plainMlp(model, 'mlp', hidden, intermediate, { names: ['fc1', 'fc2'], bias: true });
}
