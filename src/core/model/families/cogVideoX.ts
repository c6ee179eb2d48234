import type { ConfigReader } from '../configReader';
import type { Family } from '../family';
import {
  blockSpecs,
  denoises,
  denoiserSizes,
  diffusersClass,
  feedForward,
  imageNames,
  stream,
} from '../parts/denoiserBlocks';
import type { ModelBuilder } from '../parts/modelBuilder';

const MLP_RATIO = 4;

function cogVideo(config: ConfigReader, model: ModelBuilder): void {
  const sizes = denoiserSizes(config);
  const { hidden, headDim } = sizes;
  const patch = config.size('patch_size', { max: 64 });
  const patchTime = config.optionalSize('patch_size_t', { max: 64 });
  const channels = config.size('in_channels');
  const time = config.size('time_embed_dim');
  const extra = config.optionalSize('ofs_embed_dim', { max: 1_000_000 });
  const bias = config.flag('attention_bias');
  const affine = config.flag('norm_elementwise_affine');
  const [height, width] = [config.size('sample_height'), config.size('sample_width')];
  const frames = config.size('sample_frames');
  const compression = config.size('temporal_compression_ratio', { max: 64 });
  const text = config.size('max_text_seq_length');
  denoises(model, hidden, {
    output: { width: 8 * width, height: 8 * height, frames },
    latent: { space: 8, time: compression },
    patch: { space: patch, time: patchTime ?? 1 },
    textTokens: text,
    guidance: 'batch',
    steps: 50,
    // Rotations in fp32 of image tokens beside what they came from.
    attending: 13,
  });
  const norm = (name: string, width: number): void => {
    if (affine) model.layerNorm(name, width);
  };
  model.scope('patch_embed', () => {
    if (patchTime === null)
      model.conv('proj', [hidden, channels, patch, patch], 'embedding', config.flag('patch_bias'));
    else model.linear('proj', channels * patch * patch * patchTime, hidden, 'embedding', true);
    model.linear('text_proj', config.size('text_embed_dim'), hidden, 'embedding', true);
    if (config.flag('use_learned_positional_embeddings')) {
      const patches =
        Math.floor(height / patch) * Math.floor(width / patch) * (Math.floor((frames - 1) / compression) + 1);
      model.parameter('pos_embedding', [1, text + patches, hidden], 'position');
    }
  });
  model.scope('time_embedding', () => {
    model.linear('linear_1', hidden, time, 'other', true);
    model.linear('linear_2', time, time, 'other', true);
  });
  if (extra !== null)
    model.scope('ofs_embedding', () => {
      model.linear('linear_1', extra, extra, 'other', true);
      model.linear('linear_2', extra, extra, 'other', true);
    });
  model.stack('transformer_blocks', config.layers('num_layers'), hidden, () => {
    for (const name of ['norm1', 'norm2'])
      model.scope(name, () => {
        model.linear('linear', time, 6 * hidden, 'other', true);
        norm('norm', hidden);
      });
    model.scope('attn1', () => {
      stream(model, imageNames, { hidden, bias, outputBias: true });
      model.layerNorm('norm_q', headDim);
      model.layerNorm('norm_k', headDim);
    });
    feedForward(model, 'ff', hidden, MLP_RATIO * hidden);
    blockSpecs(model, sizes, MLP_RATIO * hidden);
  });
  norm('norm_final', hidden);
  model.scope('norm_out', () => {
    model.linear('linear', time, 2 * hidden, 'other', true);
    norm('norm', hidden);
  });
  const out = config.size('out_channels');
  model.linear('proj_out', hidden, patch * patch * (patchTime ?? 1) * out, 'other', true);
}

/** CogVideoX 1.0 and 1.5. Source: diffusers models/transformers/cogvideox_transformer_3d. */
export const cogVideoX: Family = {
  architectures: [diffusersClass('CogVideoXTransformer3DModel', 'transformer', cogVideo)],
};
