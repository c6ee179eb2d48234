import { diffusersLibrary } from '../classDefaults.generated';
import type { ConfigReader } from '../configReader';
import type { Family } from '../family';
import { attentionSpec } from '../parts/attention';
import type { ModelBuilder } from '../parts/modelBuilder';

/** Channels of the sinusoidal timestep; fixed in the classes. */
const TIMESTEP_CHANNELS = 256;
/** Width of the MLPs over the hidden width; fixed in the classes. */
const MLP_RATIO = 4;

interface Sizes {
  readonly hidden: number;
  readonly heads: number;
  readonly headDim: number;
}

function sizesOf(config: ConfigReader): Sizes {
  const heads = config.heads('num_attention_heads');
  const headDim = config.size('attention_head_dim');
  return { hidden: heads * headDim, heads, headDim };
}

/** Two matrices from a condition to the hidden width. */
function embedder(model: ModelBuilder, name: string, from: number, hidden: number): void {
  model.scope(name, () => {
    model.linear('linear_1', from, hidden, 'other', true);
    model.linear('linear_2', hidden, hidden, 'other', true);
  });
}

/** Timestep and pooled text, and the guidance scale where the model was distilled with it. */
function conditions(config: ConfigReader, model: ModelBuilder, hidden: number, guidance: boolean): void {
  model.scope('time_text_embed', () => {
    embedder(model, 'timestep_embedder', TIMESTEP_CHANNELS, hidden);
    if (guidance) embedder(model, 'guidance_embedder', TIMESTEP_CHANNELS, hidden);
    embedder(model, 'text_embedder', config.size('pooled_projection_dim'), hidden);
  });
}

/** The q, k, v (and output) of one stream, with RMS norms per head on request. */
function stream(
  model: ModelBuilder,
  hidden: number,
  names: readonly [q: string, k: string, v: string, o: string | null],
): void {
  const [q, k, v, o] = names;
  model.linear(q, hidden, hidden, 'q', true);
  model.linear(k, hidden, hidden, 'k', true);
  model.linear(v, hidden, hidden, 'v', true);
  if (o !== null) model.linear(o, hidden, hidden, 'o', true);
}

function feedForward(model: ModelBuilder, name: string, hidden: number): void {
  model.linear(`${name}.net.0.proj`, hidden, MLP_RATIO * hidden, 'up', true);
  model.linear(`${name}.net.2`, MLP_RATIO * hidden, hidden, 'down', true);
}

const image = ['to_q', 'to_k', 'to_v', 'to_out.0'] as const;

function norms(model: ModelBuilder, names: readonly string[], headDim: number): void {
  for (const name of names) model.rmsNorm(name, headDim);
}

/** What one block computes: attention over image and text together; nothing is kept between steps. */
function blockSpecs(model: ModelBuilder, { hidden, heads, headDim }: Sizes): void {
  model.layerAttention(attentionSpec({ hidden, heads, kvHeads: heads, headDim }, { causal: false }));
  model.layerMlp({ kind: 'plain', intermediate: MLP_RATIO * hidden, moe: null });
}

interface JointOptions {
  readonly normed: boolean;
  /** A second attention over the image alone. */
  readonly dual: boolean;
  /** The text is not needed after this block. */
  readonly last: boolean;
}

/** A block in which image and text have weights of their own and attend together. */
function jointBlock(model: ModelBuilder, sizes: Sizes, { normed, dual, last }: JointOptions): void {
  const { hidden, headDim } = sizes;
  model.linear('norm1.linear', hidden, (dual ? 9 : 6) * hidden, 'other', true);
  model.linear('norm1_context.linear', hidden, (last ? 2 : 6) * hidden, 'other', true);
  model.scope('attn', () => {
    stream(model, hidden, image);
    stream(model, hidden, ['add_q_proj', 'add_k_proj', 'add_v_proj', last ? null : 'to_add_out']);
    if (normed) norms(model, ['norm_q', 'norm_k', 'norm_added_q', 'norm_added_k'], headDim);
  });
  if (dual)
    model.scope('attn2', () => {
      stream(model, hidden, image);
      if (normed) norms(model, ['norm_q', 'norm_k'], headDim);
    });
  feedForward(model, 'ff', hidden);
  if (!last) feedForward(model, 'ff_context', hidden);
  blockSpecs(model, sizes);
}

function flux(config: ConfigReader, model: ModelBuilder): void {
  const sizes = sizesOf(config);
  const { hidden, headDim } = sizes;
  const channels = config.size('in_channels');
  const out = config.optionalSize('out_channels') ?? channels;
  const joint = config.layers('num_layers');
  model.facts = { ...model.facts, hidden };
  conditions(config, model, hidden, config.flag('guidance_embeds'));
  model.linear('context_embedder', config.size('joint_attention_dim'), hidden, 'embedding', true);
  model.linear('x_embedder', channels, hidden, 'embedding', true);
  model.stack('transformer_blocks', joint, hidden, () =>
    jointBlock(model, sizes, { normed: true, dual: false, last: false }),
  );
  model.stack(
    'single_transformer_blocks',
    config.layers('num_single_layers'),
    hidden,
    () => {
      model.linear('norm.linear', hidden, 3 * hidden, 'other', true);
      model.linear('proj_mlp', hidden, MLP_RATIO * hidden, 'up', true);
      // Attention and MLP side by side share their output matrix.
      model.linear('proj_out', (1 + MLP_RATIO) * hidden, hidden, 'down', true);
      model.scope('attn', () => {
        stream(model, hidden, ['to_q', 'to_k', 'to_v', null]);
        norms(model, ['norm_q', 'norm_k'], headDim);
      });
      blockSpecs(model, sizes);
    },
    joint,
  );
  model.linear('norm_out.linear', hidden, 2 * hidden, 'other', true);
  model.linear('proj_out', hidden, config.size('patch_size') ** 2 * out, 'other', true);
}

function sd3(config: ConfigReader, model: ModelBuilder): void {
  const sizes = sizesOf(config);
  const { hidden } = sizes;
  const patch = config.size('patch_size');
  const channels = config.size('in_channels');
  const layers = config.layers('num_layers');
  const dual = new Set(config.integers('dual_attention_layers') ?? []);
  const norm = config.text('qk_norm');
  if (norm !== null && norm !== 'rms_norm') config.problem('qk_norm', 'rms_norm or null');
  const text = config.size('caption_projection_dim');
  if (text !== hidden) config.problem('caption_projection_dim', `the hidden width ${hidden}`);
  model.facts = { ...model.facts, hidden };
  model.scope('pos_embed', () => {
    model.buffer('pos_embed', [1, config.size('pos_embed_max_size') ** 2, hidden], 'f32');
    model.conv('proj', [hidden, channels, patch, patch], 'embedding');
  });
  conditions(config, model, hidden, false);
  model.linear('context_embedder', config.size('joint_attention_dim'), text, 'embedding', true);
  model.stack('transformer_blocks', layers, hidden, (index) =>
    jointBlock(model, sizes, { normed: norm !== null, dual: dual.has(index), last: index === layers - 1 }),
  );
  model.linear('norm_out.linear', hidden, 2 * hidden, 'other', true);
  const out = config.optionalSize('out_channels') ?? channels;
  model.linear('proj_out', hidden, patch * patch * out, 'other', true);
}

/** Flux 1 and Stable Diffusion 3. Source: diffusers models/transformers. */
export const diffusionTransformers: Family = {
  architectures: (
    [
      ['FluxTransformer2DModel', flux],
      ['SD3Transformer2DModel', sd3],
    ] as const
  ).map(([name, build]) => ({
    name,
    modelType: name,
    task: 'diffuse',
    library: diffusersLibrary,
    build: (config, model) => model.component('transformer', () => build(config, model)),
  })),
};
