import type { ConfigReader } from '../configReader';
import { attentionSpec } from './attention';
import { denoises, levelWidths } from './denoiserBlocks';
import type { ModelBuilder } from './modelBuilder';

const TIME_RATIO = 4;
/** Tokens that an image's embedding is spread over; fixed in the class. */
const IMAGE_TOKENS = 32;

const downKinds = ['ResnetDownsampleBlock2D', 'SimpleCrossAttnDownBlock2D'];
const upKinds = ['ResnetUpsampleBlock2D', 'SimpleCrossAttnUpBlock2D'];

/** Whether a denoiser is made of the blocks of this file. */
export function isSimpleUnet(config: ConfigReader): boolean {
  const types = config.value('down_block_types');
  return Array.isArray(types) && types.some((type) => downKinds.includes(String(type)));
}

/**
 * A convolutional denoiser whose attention looks at image and prompt at once, without transformer layers, and whose resolution changes
 * in residual blocks (Kandinsky 2.2). The class is UNet2DConditionModel too.
 */
export function simpleUnet(config: ConfigReader, model: ModelBuilder): void {
  const widths = levelWidths(config, 'block_out_channels');
  const blocks = widths.length;
  const layers = config.layers('layers_per_block');
  const [first = 1] = widths;
  const last = widths.at(-1) ?? 1;
  const time = TIME_RATIO * first;
  const cross = config.size('cross_attention_dim');
  const headDim = config.size('attention_head_dim', { max: 65_536 });
  const attends = (key: string, known: readonly string[]): readonly boolean[] => {
    const words = config.perLayerWords(key, blocks) ?? [];
    if (words.some((word) => !known.includes(word))) config.problem(key, `entries of ${known.join(' or ')}`);
    return words.map((word) => word.startsWith('Simple'));
  };
  const down = attends('down_block_types', downKinds);
  const up = attends('up_block_types', upKinds);
  if (config.text('mid_block_type') !== 'UNetMidBlock2DSimpleCrossAttn')
    config.problem('mid_block_type', 'UNetMidBlock2DSimpleCrossAttn');
  if (widths.some((width) => width < headDim))
    config.problem('attention_head_dim', 'at most the width of a block');
  const scaled = config.text('resnet_time_scale_shift') === 'scale_shift';
  const edge = 8 * (config.optionalSize('sample_size') ?? 64);
  denoises(model, last, {
    output: { width: edge, height: edge, frames: 1 },
    latent: { space: 8, time: 1 },
    patch: { space: 1, time: 1 },
    textTokens: IMAGE_TOKENS,
    guidance: 'batch',
    steps: 100,
    attending: null,
  });

  const residual = (name: string, from: number, to: number): void =>
    model.scope(name, () => {
      model.layerNorm('norm1', from);
      model.conv('conv1', [to, from, 3, 3], 'other');
      model.linear('time_emb_proj', time, scaled ? 2 * to : to, 'other', true);
      model.layerNorm('norm2', to);
      model.conv('conv2', [to, to, 3, 3], 'other');
      if (from !== to) model.conv('conv_shortcut', [to, from, 1, 1], 'other');
    });
  let count = 0;
  const attention = (name: string, width: number): void => {
    const heads = Math.floor(width / headDim);
    const inner = heads * headDim;
    model.layer(name, width, count++, () => {
      model.layerNorm('group_norm', width);
      model.linear('to_q', width, inner, 'q', true);
      model.linear('to_k', width, inner, 'k', true);
      model.linear('to_v', width, inner, 'v', true);
      model.linear('add_k_proj', cross, inner, 'k', true);
      model.linear('add_v_proj', cross, inner, 'v', true);
      model.linear('to_out.0', inner, width, 'o', true);
      model.layerAttention(
        attentionSpec({ hidden: width, heads, kvHeads: heads, headDim }, { causal: false }),
      );
    });
  };
  const at = (level: number, body: () => void): void => model.grid({ time: 1, space: 1 / 2 ** level }, body);

  const kernelIn = config.size('conv_in_kernel', { max: 1024 });
  at(0, () => model.conv('conv_in', [first, config.size('in_channels'), kernelIn, kernelIn], 'embedding'));
  model.linear('time_embedding.linear_1', first, time, 'other', true);
  model.linear('time_embedding.linear_2', time, time, 'other', true);
  conditions(config, model, time, cross);

  let before = first;
  widths.forEach((width, level) =>
    model.scope(`down_blocks.${level}`, () => {
      at(level, () => {
        for (let layer = 0; layer < layers; layer++) {
          residual(`resnets.${layer}`, layer === 0 ? before : width, width);
          if (down[level] === true) attention(`attentions.${layer}`, width);
        }
        if (level < blocks - 1) residual('downsamplers.0', width, width);
      });
      before = width;
    }),
  );
  at(blocks - 1, () =>
    model.scope('mid_block', () => {
      for (const index of [0, 1]) residual(`resnets.${index}`, last, last);
      attention('attentions.0', last);
    }),
  );
  const turned = widths.toReversed();
  turned.forEach((width, index) =>
    model.scope(`up_blocks.${index}`, () => {
      const next = turned[index + 1] ?? width;
      at(blocks - 1 - index, () => {
        for (let layer = 0; layer <= layers; layer++) {
          residual(
            `resnets.${layer}`,
            (layer === 0 ? before : width) + (layer === layers ? next : width),
            width,
          );
          if (up[index] === true) attention(`attentions.${layer}`, width);
        }
      });
      before = width;
      if (index < blocks - 1) at(blocks - 2 - index, () => residual('upsamplers.0', width, width));
    }),
  );
  const kernelOut = config.size('conv_out_kernel', { max: 1024 });
  at(0, () => {
    model.layerNorm('conv_norm_out', first);
    model.conv('conv_out', [config.size('out_channels'), first, kernelOut, kernelOut], 'other');
  });
}

/** What the embedding of an image gives to the timestep and to attention. */
function conditions(config: ConfigReader, model: ModelBuilder, time: number, cross: number): void {
  const hidden = config.optionalSize('encoder_hid_dim');
  const projection = config.text('encoder_hid_dim_type');
  if (projection !== null && projection !== 'image_proj')
    config.problem('encoder_hid_dim_type', 'image_proj or null');
  if (projection !== null && hidden !== null)
    model.scope('encoder_hid_proj', () => {
      model.linear('image_embeds', hidden, IMAGE_TOKENS * cross, 'other', true);
      model.layerNorm('norm', cross);
    });
  const addition = config.text('addition_embed_type');
  if (addition !== null && addition !== 'image') config.problem('addition_embed_type', 'image or null');
  if (addition !== null && hidden !== null)
    model.scope('add_embedding', () => {
      model.linear('image_proj', hidden, time, 'other', true);
      model.layerNorm('image_norm', time);
    });
}
