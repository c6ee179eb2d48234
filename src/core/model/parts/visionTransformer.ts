import type { ConfigReader } from '../configReader';
import { attentionSpec, separateAttention } from './attention';
import { plainMlp } from './mlp';
import type { ModelBuilder } from './modelBuilder';

/** Height and width under a key that holds one number or a pair. */
export function pair(config: ConfigReader, key: string): readonly [height: number, width: number] {
  if (!Array.isArray(config.value(key))) {
    const side = config.size(key);
    return [side, side];
  }
  const [height = 1, width = 1, ...rest] = config.integers(key, { min: 1 }) ?? [];
  if (rest.length > 0) config.problem(key, 'a size or a pair of sizes');
  return [height, width];
}

/** Image patches: their height and width, and how many cover an image. */
export interface Patches {
  readonly size: readonly [height: number, width: number];
  readonly count: number;
}

/** From `image_size` and `patch_size`; each may be a pair. What does not fill a patch is left out. */
export function patchesOf(config: ConfigReader): Patches {
  const image = pair(config, 'image_size');
  const size = pair(config, 'patch_size');
  const count = Math.floor(image[0] / size[0]) * Math.floor(image[1] / size[1]);
  if (count < 1) config.problem('patch_size', 'at most image_size');
  return { size, count };
}

export interface VitLayerSizes {
  readonly hidden: number;
  readonly heads: number;
  readonly intermediate: number;
}

/** Attention of the ViT kin: q, k, v (their biases by `qkvBias`) and o in a module `name`; nothing is kept. */
export function vitAttention(
  model: ModelBuilder,
  name: string,
  sizes: VitLayerSizes,
  qkvBias: boolean,
  window: number | null = null,
): void {
  const { hidden, heads } = sizes;
  const headDim = Math.floor(hidden / heads);
  separateAttention(
    model,
    name,
    { hidden, heads, kvHeads: heads, headDim },
    { bias: qkvBias, outputBias: true, causal: false, window },
  );
}

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
