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
} from '../parts/denoiserBlocks';
import type { ModelBuilder } from '../parts/modelBuilder';

function build(config: ConfigReader, model: ModelBuilder): void {
  const sizes = denoiserSizes(config);
  const { hidden, headDim } = sizes;
  const patch = config.size('patch_size', { max: 64 });
  const channels = config.size('in_channels');
  const captions = config.size('text_embed_dim');
  const text = config.size('pooled_projection_dim');
  const layers = config.layers('num_layers');
  onlyKnown(config, 'activation_fn', ['swiglu']);
  const inner = Math.floor((8 * hidden) / 3);
  const textInner = Math.floor((8 * text) / 3);
  denoises(model, hidden, {
    output: { width: 848, height: 480, frames: 19 },
    latent: { space: 8, time: 6 },
    patch: { space: patch, time: 1 },
    textTokens: config.size('max_sequence_length'),
    guidance: 'batch',
    steps: 64,
    // A gated MLP, and rotations in fp32 with a table for each head.
    attending: 16.5,
  });
  model.parameter('pos_frequencies', [3, sizes.heads, Math.floor(headDim / 2)]);
  model.conv('patch_embed.proj', [hidden, channels, patch, patch], 'embedding');
  model.scope('time_embed', () => {
    embedder(model, 'timestep_embedder', config.size('time_embed_dim'), hidden);
    model.scope('pooler', () => {
      model.linear('to_kv', captions, 2 * captions, 'other', true);
      model.linear('to_q', captions, captions, 'other', true);
      model.linear('to_out', captions, hidden, 'other', true);
    });
    model.linear('caption_proj', captions, text, 'embedding', true);
  });
  model.stack('transformer_blocks', layers, hidden, (index) => {
    const last = index === layers - 1;
    model.linear('norm1.linear', hidden, 4 * hidden, 'other', true);
    if (last) model.linear('norm1_context.linear_1', hidden, text, 'other', true);
    else model.linear('norm1_context.linear', hidden, 4 * text, 'other', true);
    model.scope('attn1', () => {
      rmsNorms(model, ['norm_q', 'norm_k', 'norm_added_q', 'norm_added_k'], headDim);
      stream(model, imageNames, { hidden, bias: false, outputBias: true });
      // The prompt keeps a width of its own.
      model.linear('add_q_proj', text, hidden, 'q');
      model.linear('add_k_proj', text, hidden, 'k');
      model.linear('add_v_proj', text, hidden, 'v');
      if (!last) model.linear('to_add_out', hidden, text, 'o', true);
    });
    feedForward(model, 'ff', hidden, inner, { gated: true, bias: false });
    if (!last) feedForward(model, 'ff_context', text, textInner, { gated: true, bias: false });
    blockSpecs(model, sizes, inner, 'gated');
  });
  model.linear('norm_out.linear', hidden, 2 * hidden, 'other', true);
  const out = config.optionalSize('out_channels') ?? channels;
  model.linear('proj_out', hidden, patch * patch * out, 'other', true);
}

/** Mochi. Source: diffusers models/transformers/transformer_mochi. */
export const mochi: Family = {
  architectures: [diffusersClass('MochiTransformer3DModel', 'transformer', build)],
};
