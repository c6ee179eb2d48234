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
  type DenoiserSizes,
} from '../parts/denoiserBlocks';
import type { ModelBuilder } from '../parts/modelBuilder';

/** Width of the MLPs over the prompt; fixed in the class. */
const REFINER_RATIO = 4;
/** Width between the matrices over ByT5's tokens; fixed in the classes. */
const LETTERS_INNER = 2048;

/** What conditions the prompt's own blocks, and those blocks. */
function tokenRefiner(config: ConfigReader, model: ModelBuilder, hidden: number): void {
  const text = config.size('text_embed_dim');
  const refiners = config.layers('num_refiner_layers');
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
}

/** The second prompt, as ByT5 encodes the letters that are to be seen. */
function letters(model: ModelBuilder, from: number, hidden: number): void {
  model.scope('context_embedder_2', () => {
    model.layerNorm('norm', from);
    model.linear('linear_1', from, LETTERS_INNER, 'embedding', true);
    model.linear('linear_2', LETTERS_INNER, LETTERS_INNER, 'embedding', true);
    model.linear('linear_3', LETTERS_INNER, hidden, 'embedding', true);
  });
}

interface Blocks {
  readonly inner: number;
  readonly normed: boolean;
}

function jointBlocks(
  model: ModelBuilder,
  layers: number,
  sizes: DenoiserSizes,
  { inner, normed }: Blocks,
): void {
  const { hidden, headDim } = sizes;
  model.stack('transformer_blocks', layers, hidden, () => {
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
}

function singleBlocks(
  model: ModelBuilder,
  layers: number,
  first: number,
  sizes: DenoiserSizes,
  { inner, normed }: Blocks,
): void {
  const { hidden, headDim } = sizes;
  model.stack(
    'single_transformer_blocks',
    layers,
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
    first,
  );
}

function blocksOf(config: ConfigReader, hidden: number): Blocks {
  onlyKnown(config, 'qk_norm', ['rms_norm']);
  return {
    inner: Math.floor(config.real('mlp_ratio') * hidden),
    normed: config.text('qk_norm') !== null,
  };
}

/** Rotations in fp32, and in the joined blocks an MLP beside the attention. */
const ATTENDING = 18;

function video(config: ConfigReader, model: ModelBuilder): void {
  const sizes = denoiserSizes(config);
  const { hidden } = sizes;
  const patch = config.size('patch_size', { max: 64 });
  const time = config.size('patch_size_t', { max: 64 });
  const channels = config.size('in_channels');
  const joint = config.layers('num_layers');
  onlyKnown(config, 'image_condition_type', ['latent_concat', 'token_replace']);
  denoises(model, hidden, {
    output: { width: 1280, height: 720, frames: 129 },
    latent: { space: 8, time: 4 },
    patch: { space: patch, time },
    textTokens: 256,
    guidance: 'none',
    steps: 50,
    attending: ATTENDING,
  });
  model.conv('x_embedder.proj', [hidden, channels, time, patch, patch], 'embedding');
  tokenRefiner(config, model, hidden);
  model.scope('time_text_embed', () => {
    timestepEmbedder(model, hidden);
    embedder(model, 'text_embedder', config.size('pooled_projection_dim'), hidden);
    if (config.flag('guidance_embeds')) timestepEmbedder(model, hidden, 'guidance_embedder');
  });
  const blocks = blocksOf(config, hidden);
  jointBlocks(model, joint, sizes, blocks);
  singleBlocks(model, config.layers('num_single_layers'), joint, sizes, blocks);
  ends(config, model, hidden, time * patch * patch);
}

/** 1.5: two prompts and an image in one stream, all blocks joint. */
function video15(config: ConfigReader, model: ModelBuilder): void {
  const sizes = denoiserSizes(config);
  const { hidden } = sizes;
  const patch = config.size('patch_size', { max: 64 });
  const time = config.size('patch_size_t', { max: 64 });
  const image = config.size('image_embed_dim');
  denoises(model, hidden, {
    output: { width: 848, height: 480, frames: 121 },
    latent: { space: 16, time: 4 },
    patch: { space: patch, time },
    // Qwen's tokens, ByT5's, and the image's.
    textTokens: 1000 + 256 + 729,
    guidance: 'passes',
    steps: 50,
    // Without blocks in which an MLP runs beside the attention.
    attending: 12.5,
  });
  model.conv('x_embedder.proj', [hidden, config.size('in_channels'), time, patch, patch], 'embedding');
  model.scope('image_embedder', () => {
    model.layerNorm('norm_in', image);
    model.linear('linear_1', image, image, 'embedding', true);
    model.linear('linear_2', image, hidden, 'embedding', true);
    model.layerNorm('norm_out', hidden);
  });
  tokenRefiner(config, model, hidden);
  letters(model, config.size('text_embed_2_dim'), hidden);
  model.scope('time_embed', () => {
    timestepEmbedder(model, hidden);
    if (config.flag('use_meanflow')) timestepEmbedder(model, hidden, 'timestep_embedder_r');
  });
  model.embedding('cond_type_embed', 3, hidden, 'other');
  jointBlocks(model, config.layers('num_layers'), sizes, blocksOf(config, hidden));
  ends(config, model, hidden, time * patch * patch);
}

function image(config: ConfigReader, model: ModelBuilder): void {
  const sizes = denoiserSizes(config);
  const { hidden } = sizes;
  const patches = config.integers('patch_size', { min: 1, max: 64 }) ?? [];
  if (patches.length !== 2 && patches.length !== 3) config.problem('patch_size', 'two or three integers');
  const joint = config.layers('num_layers');
  const second = config.optionalSize('text_embed_2_dim');
  denoises(model, hidden, {
    output: { width: 2048, height: 2048, frames: 1 },
    latent: { space: 32, time: 1 },
    patch: { space: patches.at(-1) ?? 1, time: 1 },
    textTokens: 1000 + (second === null ? 0 : 128),
    guidance: 'passes',
    steps: 50,
    attending: ATTENDING,
  });
  model.conv('x_embedder.proj', [hidden, config.size('in_channels'), ...patches], 'embedding');
  tokenRefiner(config, model, hidden);
  if (second !== null) letters(model, second, hidden);
  model.scope('time_guidance_embed', () => {
    timestepEmbedder(model, hidden);
    if (config.flag('use_meanflow')) timestepEmbedder(model, hidden, 'timestep_embedder_r');
    if (config.flag('guidance_embeds')) timestepEmbedder(model, hidden, 'guidance_embedder');
  });
  const blocks = blocksOf(config, hidden);
  jointBlocks(model, joint, sizes, blocks);
  singleBlocks(model, config.layers('num_single_layers'), joint, sizes, blocks);
  ends(
    config,
    model,
    hidden,
    patches.reduce((product, patch) => product * patch, 1),
  );
}

function ends(config: ConfigReader, model: ModelBuilder, hidden: number, pixels: number): void {
  model.linear('norm_out.linear', hidden, 2 * hidden, 'other', true);
  const out = config.optionalSize('out_channels') ?? config.size('in_channels');
  model.linear('proj_out', hidden, pixels * out, 'other', true);
}

/** HunyuanVideo 1.0 and 1.5, HunyuanImage. Source: diffusers models/transformers/transformer_hunyuan_video, …_video15, …_hunyuanimage. */
export const hunyuanVideo: Family = {
  architectures: [
    diffusersClass('HunyuanVideoTransformer3DModel', 'transformer', video),
    diffusersClass('HunyuanVideo15Transformer3DModel', 'transformer', video15),
    diffusersClass('HunyuanImageTransformer2DModel', 'transformer', image),
  ],
};
