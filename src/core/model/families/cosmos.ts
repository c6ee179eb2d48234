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
  rmsNorms,
  stream,
} from '../parts/denoiserBlocks';
import type { ModelBuilder } from '../parts/modelBuilder';

function build(config: ConfigReader, model: ModelBuilder): void {
  const sizes = denoiserSizes(config);
  const { hidden, headDim } = sizes;
  const [time = 1, height = 1, width = 1] = config.integers('patch_size', { min: 1, max: 64 }) ?? [];
  const [maxTime = 1, maxHeight = 1, maxWidth = 1] = config.integers('max_size', { min: 1 }) ?? [];
  const channels = config.size('in_channels') + (config.flag('concat_padding_mask') ? 1 : 0);
  const narrow = config.size('adaln_lora_dim');
  const context = config.size('text_embed_dim');
  const inner = Math.floor(config.real('mlp_ratio') * hidden);
  for (const key of ['controlnet_block_every_n', 'img_context_dim_in'])
    if ((config.value(key) ?? null) !== null) config.problem(key, 'null, the only form that is known');
  const pixels = time * height * width;
  denoises(model, hidden, {
    output: { width: 1280, height: 704, frames: 121 },
    latent: { space: 8, time: 8 },
    patch: { space: height, time },
    textTokens: 512,
    guidance: 'passes',
    steps: 36,
    attending: 14,
  });
  model.linear('patch_embed.proj', channels * pixels, hidden, 'embedding');
  if (config.text('extra_pos_embed_type') === 'learnable')
    model.scope('learnable_pos_embed', () => {
      model.parameter('pos_emb_t', [Math.floor(maxTime / time), hidden], 'position');
      model.parameter('pos_emb_h', [Math.floor(maxHeight / height), hidden], 'position');
      model.parameter('pos_emb_w', [Math.floor(maxWidth / width), hidden], 'position');
    });
  model.scope('time_embed', () => {
    model.linear('t_embedder.linear_1', hidden, hidden, 'other');
    model.linear('t_embedder.linear_2', hidden, 3 * hidden, 'other');
    model.rmsNorm('norm', hidden);
  });
  // Shifts and scales through a narrow pair of matrices.
  const modulation = (name: string, wide: number): void => {
    model.linear(`${name}.linear_1`, hidden, narrow, 'other');
    model.linear(`${name}.linear_2`, narrow, wide, 'other');
  };
  model.stack('transformer_blocks', config.layers('num_layers'), hidden, () => {
    for (const norm of ['norm1', 'norm2', 'norm3']) modulation(norm, 3 * hidden);
    for (const part of ['attn1', 'attn2'])
      model.scope(part, () => {
        rmsNorms(model, ['norm_q', 'norm_k'], headDim);
        stream(model, imageNames, { hidden, bias: false, ...(part === 'attn2' ? { context } : {}) });
      });
    crossSpec(model, sizes);
    feedForward(model, 'ff', hidden, inner, { bias: false });
    blockSpecs(model, sizes, inner);
  });
  modulation('norm_out', 2 * hidden);
  model.linear('proj_out', hidden, pixels * config.size('out_channels'), 'other');
  if (config.flag('use_crossattn_projection'))
    model.linear(
      'crossattn_proj.0',
      config.size('crossattn_proj_in_channels'),
      config.size('encoder_hidden_states_channels'),
      'embedding',
      true,
    );
}

/** Cosmos Predict 1 and 2. Source: diffusers models/transformers/transformer_cosmos. */
export const cosmos: Family = {
  architectures: [diffusersClass('CosmosTransformer3DModel', 'transformer', build)],
};
