import type { ConfigReader } from '../configReader';
import type { Family } from '../family';
import {
  blockSpecs,
  denoises,
  denoiserSizes,
  diffusersClass,
  embedder,
  feedForward,
  imageNames,
  onlyKnown,
  rmsNorms,
  stream,
  textNames,
  timestepEmbedder,
} from '../parts/denoiserBlocks';
import type { ModelBuilder } from '../parts/modelBuilder';

/** Width of the MLPs over the prompt; fixed in the class. */
const REFINER_RATIO = 4;

function hunyuan(config: ConfigReader, model: ModelBuilder): void {
  const sizes = denoiserSizes(config);
  const { hidden, headDim } = sizes;
  const patch = config.size('patch_size', { max: 64 });
  const patchTime = config.size('patch_size_t', { max: 64 });
  const channels = config.size('in_channels');
  const text = config.size('text_embed_dim');
  const inner = Math.floor(config.real('mlp_ratio') * hidden);
  const refiners = config.layers('num_refiner_layers');
  const joint = config.layers('num_layers');
  onlyKnown(config, 'qk_norm', ['rms_norm']);
  onlyKnown(config, 'image_condition_type', ['latent_concat', 'token_replace']);
  const normed = config.text('qk_norm') !== null;
  denoises(model, hidden, {
    output: { width: 1280, height: 720, frames: 129 },
    latent: { space: 8, time: 4 },
    patch: { space: patch, time: patchTime },
    textTokens: 256,
    guidance: 'none',
    steps: 50,
    // Rotations in fp32, and in the joined blocks an MLP beside the attention.
    attending: 18,
  });
  model.conv('x_embedder.proj', [hidden, channels, patchTime, patch, patch], 'embedding');
  model.scope('context_embedder', () => {
    model.scope('time_text_embed', () => {
      timestepEmbedder(model, hidden);
      embedder(model, 'text_embedder', text, hidden);
    });
    model.linear('proj_in', text, hidden, 'embedding', true);
    model.scope('token_refiner', () => {
      for (let layer = 0; layer < refiners; layer++)
        model.scope(`refiner_blocks.${layer}`, () => {
          model.layerNorm('norm1', hidden);
          model.scope('attn', () => stream(model, imageNames, { hidden }));
          model.layerNorm('norm2', hidden);
          feedForward(model, 'ff', hidden, REFINER_RATIO * hidden);
          model.linear('norm_out.linear', hidden, 2 * hidden, 'other', true);
        });
    });
  });
  model.scope('time_text_embed', () => {
    timestepEmbedder(model, hidden);
    embedder(model, 'text_embedder', config.size('pooled_projection_dim'), hidden);
    if (config.flag('guidance_embeds')) timestepEmbedder(model, hidden, 'guidance_embedder');
  });
  model.stack('transformer_blocks', joint, hidden, () => {
    model.linear('norm1.linear', hidden, 6 * hidden, 'other', true);
    model.linear('norm1_context.linear', hidden, 6 * hidden, 'other', true);
    model.scope('attn', () => {
      stream(model, imageNames, { hidden });
      stream(model, textNames, { hidden });
      if (normed) rmsNorms(model, ['norm_q', 'norm_k', 'norm_added_q', 'norm_added_k'], headDim);
    });
    feedForward(model, 'ff', hidden, inner);
    feedForward(model, 'ff_context', hidden, inner);
    blockSpecs(model, sizes, inner);
  });
  model.stack(
    'single_transformer_blocks',
    config.layers('num_single_layers'),
    hidden,
    () => {
      const [q, k, v] = imageNames;
      model.scope('attn', () => {
        stream(model, [q, k, v, null], { hidden });
        if (normed) rmsNorms(model, ['norm_q', 'norm_k'], headDim);
      });
      model.linear('norm.linear', hidden, 3 * hidden, 'other', true);
      model.linear('proj_mlp', hidden, inner, 'up', true);
      model.linear('proj_out', hidden + inner, hidden, 'down', true);
      blockSpecs(model, sizes, inner);
    },
    joint,
  );
  model.linear('norm_out.linear', hidden, 2 * hidden, 'other', true);
  const out = config.optionalSize('out_channels') ?? channels;
  model.linear('proj_out', hidden, patchTime * patch * patch * out, 'other', true);
}

/** HunyuanVideo, from text or from an image. Source: diffusers models/transformers/transformer_hunyuan_video. */
export const hunyuanVideo: Family = {
  architectures: [diffusersClass('HunyuanVideoTransformer3DModel', 'transformer', hunyuan)],
};
