import type { ConfigReader } from '../configReader';
import type { Family } from '../family';
import {
  blockSpecs,
  denoises,
  denoiserSizes,
  diffusersClass,
  feedForward,
  imageNames,
  rmsNorms,
  stream,
  textNames,
  timestepEmbedder,
} from '../parts/denoiserBlocks';
import type { ModelBuilder } from '../parts/modelBuilder';

const MLP_RATIO = 4;

function qwen(config: ConfigReader, model: ModelBuilder): void {
  const sizes = denoiserSizes(config);
  const { hidden, headDim } = sizes;
  const channels = config.size('in_channels');
  const text = config.size('joint_attention_dim');
  denoises(model, hidden, {
    output: { width: 1024, height: 1024, frames: 1 },
    latent: { space: 8, time: 1 },
    patch: { space: 2, time: 1 },
    // A prompt is not padded; the pipeline cuts it at 512 (pipelines/qwenimage).
    textTokens: 512,
    guidance: 'passes',
    steps: 50,
    // Rotations in fp32, then image and text joined.
    attending: 14.5,
  });
  model.scope('time_text_embed', () => {
    timestepEmbedder(model, hidden);
    if (config.flag('use_additional_t_cond')) model.embedding('addition_t_embedding', 2, hidden, 'other');
  });
  model.rmsNorm('txt_norm', text);
  model.linear('img_in', channels, hidden, 'embedding', true);
  model.linear('txt_in', text, hidden, 'embedding', true);
  model.stack('transformer_blocks', config.layers('num_layers'), hidden, () => {
    model.scope('attn', () => {
      stream(model, imageNames, { hidden });
      stream(model, textNames, { hidden });
      rmsNorms(model, ['norm_q', 'norm_k', 'norm_added_q', 'norm_added_k'], headDim);
    });
    for (const side of ['img', 'txt']) {
      model.linear(`${side}_mod.1`, hidden, 6 * hidden, 'other', true);
      feedForward(model, `${side}_mlp`, hidden, MLP_RATIO * hidden);
    }
    blockSpecs(model, sizes, MLP_RATIO * hidden);
  });
  model.linear('norm_out.linear', hidden, 2 * hidden, 'other', true);
  const patch = config.size('patch_size', { max: 64 });
  const out = config.optionalSize('out_channels') ?? channels;
  model.linear('proj_out', hidden, patch * patch * out, 'other', true);
}

/** Qwen-Image and its editing and layered variants. Source: diffusers models/transformers/transformer_qwenimage. */
export const qwenImage: Family = {
  architectures: [diffusersClass('QwenImageTransformer2DModel', 'transformer', qwen)],
};
