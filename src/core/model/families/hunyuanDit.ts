import type { ConfigReader } from '../configReader';
import type { Family } from '../family';
import {
  blockSpecs,
  crossSpec,
  denoises,
  denoiserSizes,
  diffusersClass,
  feedForward,
  imageNames,
  onlyKnown,
  stream,
  TIMESTEP_CHANNELS,
  timestepEmbedder,
} from '../parts/denoiserBlocks';
import type { ModelBuilder } from '../parts/modelBuilder';

/** Embedded sizes of the image and of its crop. */
const META_SIZES = 6;

function build(config: ConfigReader, model: ModelBuilder): void {
  const sizes = denoiserSizes(config);
  const { hidden, headDim } = sizes;
  const width = config.size('hidden_size');
  if (width !== hidden)
    config.problem('hidden_size', `num_attention_heads times attention_head_dim, ${hidden}`);
  const patch = config.size('patch_size', { max: 64 });
  const channels = config.size('in_channels');
  const layers = config.layers('num_layers');
  const inner = Math.floor(config.real('mlp_ratio') * hidden);
  const context = config.size('cross_attention_dim');
  const t5 = config.size('cross_attention_dim_t5');
  const [clipTokens, t5Tokens] = [config.size('text_len'), config.size('text_len_t5')];
  const pooled = config.size('pooled_projection_dim');
  onlyKnown(config, 'activation_fn', ['gelu-approximate', 'gelu']);
  const edge = 8 * config.size('sample_size');
  denoises(model, hidden, {
    output: { width: edge, height: edge, frames: 1 },
    latent: { space: 8, time: 1 },
    patch: { space: patch, time: 1 },
    textTokens: clipTokens + t5Tokens,
    guidance: 'batch',
    steps: 50,
    // Rotations in fp32, and what the first half keeps for the second.
    attending: 15 + Math.floor(layers / 2),
  });
  model.parameter('text_embedding_padding', [clipTokens + t5Tokens, context]);
  model.linear('text_embedder.linear_1', t5, 4 * t5, 'embedding', true);
  model.linear('text_embedder.linear_2', 4 * t5, context, 'embedding', true);
  model.conv('pos_embed.proj', [hidden, channels, patch, patch], 'embedding');
  model.scope('time_extra_emb', () => {
    timestepEmbedder(model, hidden);
    model.scope('pooler', () => {
      model.parameter('positional_embedding', [t5Tokens + 1, t5], 'position');
      for (const name of ['k_proj', 'q_proj', 'v_proj']) model.linear(name, t5, t5, 'other', true);
      model.linear('c_proj', t5, pooled, 'other', true);
    });
    const styled = config.flag('use_style_cond_and_image_meta_size');
    if (styled) model.embedding('style_embedder', 1, hidden, 'other');
    const extra = pooled + (styled ? META_SIZES * TIMESTEP_CHANNELS + hidden : 0);
    model.linear('extra_embedder.linear_1', extra, 4 * hidden, 'other', true);
    model.linear('extra_embedder.linear_2', 4 * hidden, hidden, 'other', true);
  });
  const normed = (name: string): void =>
    model.scope(name, () => {
      model.layerNorm('norm_q', headDim);
      model.layerNorm('norm_k', headDim);
      stream(model, imageNames, name === 'attn1' ? { hidden } : { hidden, context });
    });
  model.stack('blocks', layers, hidden, (index) => {
    model.linear('norm1.linear', hidden, hidden, 'other', true);
    model.layerNorm('norm1.norm', hidden);
    normed('attn1');
    model.layerNorm('norm2', hidden);
    normed('attn2');
    crossSpec(model, sizes);
    model.layerNorm('norm3', hidden);
    feedForward(model, 'ff', hidden, inner);
    // The second half also takes what the first half gave at the same depth.
    if (index > Math.floor(layers / 2)) {
      model.layerNorm('skip_norm', 2 * hidden);
      model.linear('skip_linear', 2 * hidden, hidden, 'up', true);
    }
    blockSpecs(model, sizes, inner);
  });
  model.linear('norm_out.linear', hidden, 2 * hidden, 'other', true);
  const out = config.flag('learn_sigma') ? 2 * channels : channels;
  model.linear('proj_out', hidden, patch * patch * out, 'other', true);
}

/** Hunyuan-DiT. Source: diffusers models/transformers/hunyuan_transformer_2d. */
export const hunyuanDit: Family = {
  architectures: [diffusersClass('HunyuanDiT2DModel', 'transformer', build)],
};
