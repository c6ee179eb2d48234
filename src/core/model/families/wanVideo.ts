import type { ConfigReader } from '../configReader';
import type { Family } from '../family';
import {
  blockSpecs,
  crossSpec,
  denoises,
  denoiserSizes,
  diffusersClass,
  embedder,
  feedForward,
  imageNames,
  rmsNorms,
  stream,
} from '../parts/denoiserBlocks';
import type { ModelBuilder } from '../parts/modelBuilder';

/** Channels of latents whose autoencoder makes them 16 times smaller (Wan 2.2 5B). */
const FINE_CHANNELS = 48;

function wan(config: ConfigReader, model: ModelBuilder, control: boolean): void {
  const sizes = denoiserSizes(config);
  const { hidden } = sizes;
  const [time = 1, height = 1, width = 1] = config.integers('patch_size', { min: 1, max: 64 }) ?? [];
  const channels = config.size('in_channels');
  const intermediate = config.size('ffn_dim');
  const image = config.optionalSize('image_dim');
  const added = config.optionalSize('added_kv_proj_dim');
  const crossNorm = config.flag('cross_attn_norm');
  denoises(model, hidden, {
    output: { width: 832, height: 480, frames: 81 },
    latent: { space: channels === FINE_CHANNELS ? 16 : 8, time: 4 },
    patch: { space: height, time },
    textTokens: 512,
    guidance: 'passes',
    steps: 50,
    // Norms and rotations in fp32.
    attending: 11,
  });
  model.parameter('scale_shift_table', [1, 2, hidden]);
  model.conv('patch_embedding', [hidden, channels, time, height, width], 'embedding');
  model.scope('condition_embedder', () => {
    embedder(model, 'time_embedder', config.size('freq_dim'), hidden);
    model.linear('time_proj', hidden, 6 * hidden, 'other', true);
    embedder(model, 'text_embedder', config.size('text_dim'), hidden);
    if (image !== null)
      model.scope('image_embedder', () => {
        const positions = config.optionalSize('pos_embed_seq_len');
        if (positions !== null) model.parameter('pos_embed', [1, positions, image], 'position');
        model.layerNorm('norm1', image);
        model.linear('ff.net.0.proj', image, image, 'other', true);
        model.linear('ff.net.2', image, hidden, 'other', true);
        model.layerNorm('norm2', hidden);
      });
  });
  const block = (): void => {
    model.parameter('scale_shift_table', [1, 6, hidden]);
    for (const part of ['attn1', 'attn2'])
      model.scope(part, () => {
        stream(model, imageNames, { hidden });
        rmsNorms(model, ['norm_q', 'norm_k'], hidden);
        if (part === 'attn1' || added === null) return;
        model.linear('add_k_proj', added, hidden, 'k', true);
        model.linear('add_v_proj', added, hidden, 'v', true);
        model.rmsNorm('norm_added_k', hidden);
      });
    crossSpec(model, sizes);
    if (crossNorm) model.layerNorm('norm2', hidden);
    feedForward(model, 'ffn', hidden, intermediate);
    blockSpecs(model, sizes, intermediate);
  };
  const layers = config.layers('num_layers');
  model.stack('blocks', layers, hidden, block);
  if (control) {
    // A second stack over what controls the video, whose results are added to some blocks.
    const places = config.integers('vace_layers') ?? [];
    const controls = config.size('vace_in_channels');
    model.conv('vace_patch_embedding', [hidden, controls, time, height, width], 'embedding');
    model.stack(
      'vace_blocks',
      places.length,
      hidden,
      (index) => {
        if (index === 0) model.linear('proj_in', hidden, hidden, 'other', true);
        block();
        model.linear('proj_out', hidden, hidden, 'other', true);
      },
      layers,
    );
  }
  const out = config.optionalSize('out_channels') ?? channels;
  model.linear('proj_out', hidden, time * height * width * out, 'other', true);
}

/** Wan 2.1 and 2.2, and VACE. Source: diffusers models/transformers/transformer_wan, transformer_wan_vace. */
export const wanVideo: Family = {
  architectures: [
    diffusersClass('WanTransformer3DModel', 'transformer', (config, model) => wan(config, model, false)),
    diffusersClass('WanVACETransformer3DModel', 'transformer', (config, model) => wan(config, model, true)),
  ],
};
