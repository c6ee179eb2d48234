import type { GridScale } from '../blueprint';
import type { ConfigReader } from '../configReader';
import type { Family } from '../family';
import { attentionSpec } from '../parts/attention';
import { denoises, diffusersClass } from '../parts/denoiserBlocks';
import type { ModelBuilder } from '../parts/modelBuilder';
import { residualBlock } from '../parts/residualBlock';

/** Width of the timestep embedding over the first width; fixed in the class unless `time_embedding_dim` says so. */
const TIME_RATIO = 4;
const MLP_RATIO = 4;

const downKinds = ['DownBlock2D', 'CrossAttnDownBlock2D'];
const upKinds = ['UpBlock2D', 'CrossAttnUpBlock2D'];

/** Options that change the modules and that no published Stable Diffusion uses; only their defaults are read. */
const onlyDefault = [
  'class_embed_type',
  'num_class_embeds',
  'encoder_hid_dim',
  'encoder_hid_dim_type',
  'reverse_transformer_layers_per_block',
  'num_attention_heads',
  'time_embedding_dim',
  'cross_attention_norm',
];

/** A number for all blocks or one for each. */
function perBlock(config: ConfigReader, key: string, blocks: number): readonly number[] {
  if (!Array.isArray(config.value(key))) return Array.from({ length: blocks }, () => config.heads(key));
  const values = config.integers(key, { min: 1, max: 4096 }) ?? [];
  if (values.length !== blocks) config.problem(key, `a number, or a list of ${blocks}`);
  return values;
}

function kinds(
  config: ConfigReader,
  key: string,
  blocks: number,
  known: readonly string[],
): readonly boolean[] {
  const words = config.perLayerWords(key, blocks) ?? [];
  if (words.some((word) => !known.includes(word))) config.problem(key, `entries of ${known.join(' or ')}`);
  return words.map((word) => word.startsWith('CrossAttn'));
}

/** Positions of a block after that many halvings. */
function halved(times: number): GridScale {
  return { time: 1, space: 1 / 2 ** times };
}

interface BlockSizes {
  readonly width: number;
  readonly heads: number;
  /** Transformer layers of one attention module. */
  readonly depth: number;
}

class Unet {
  /** Transformer layers so far: they are numbered through. */
  private layers = 0;
  private readonly cross: number;
  private readonly linear: boolean;

  constructor(
    config: ConfigReader,
    private readonly model: ModelBuilder,
  ) {
    this.cross = config.size('cross_attention_dim');
    this.linear = config.flag('use_linear_projection');
  }

  /** A stack of transformer layers over all positions of one resolution. */
  attention(name: string, { width, heads, depth }: BlockSizes): void {
    const { model, cross } = this;
    const sizes = { hidden: width, heads, kvHeads: heads, headDim: Math.floor(width / heads) };
    const project = (part: string): void => {
      if (this.linear) model.linear(part, width, width, 'other', true);
      else model.conv(part, [width, width, 1, 1], 'other');
    };
    const attend = (part: string, from: number): void =>
      model.scope(part, () => {
        model.linear('to_q', width, width, 'q');
        model.linear('to_k', from, width, 'k');
        model.linear('to_v', from, width, 'v');
        model.linear('to_out.0', width, width, 'o', true);
      });
    model.scope(name, () => {
      model.layerNorm('norm', width);
      project('proj_in');
      model.stack(
        'transformer_blocks',
        depth,
        width,
        () => {
          model.layerNorm('norm1', width);
          attend('attn1', width);
          model.layerAttention(attentionSpec(sizes, { causal: false }));
          model.layerNorm('norm2', width);
          attend('attn2', cross);
          model.layerCross({ ...attentionSpec(sizes, { causal: false }), kind: 'cross' });
          model.layerNorm('norm3', width);
          model.linear('ff.net.0.proj', width, 2 * MLP_RATIO * width, 'gateUp', true);
          model.linear('ff.net.2', MLP_RATIO * width, width, 'down', true);
          model.layerMlp({ kind: 'gated', intermediate: MLP_RATIO * width, moe: null });
        },
        this.layers,
      );
      project('proj_out');
    });
    this.layers += depth;
  }
}

function unet(config: ConfigReader, model: ModelBuilder): void {
  const widths = config.integers('block_out_channels', { min: 1 }) ?? [];
  const blocks = widths.length;
  const layers = config.layers('layers_per_block');
  // The class takes the number of heads from a key that is named after their width.
  const heads = perBlock(config, 'attention_head_dim', blocks);
  const depths = perBlock(config, 'transformer_layers_per_block', blocks);
  const down = kinds(config, 'down_block_types', blocks, downKinds);
  const up = kinds(config, 'up_block_types', blocks, upKinds);
  for (const key of onlyDefault)
    if ((config.value(key) ?? null) !== null) config.problem(key, 'null, the only form that is known');
  if (config.text('mid_block_type') !== 'UNetMidBlock2DCrossAttn')
    config.problem('mid_block_type', 'UNetMidBlock2DCrossAttn');
  const addition = config.text('addition_embed_type');
  if (addition !== null && addition !== 'text_time')
    config.problem('addition_embed_type', 'text_time or null');
  const sizes = widths.map((width, index): BlockSizes => {
    const count = heads[index] ?? 1;
    config.mustDivide('attention_head_dim', count, width, 'the width of its block,');
    return { width, heads: count, depth: depths[index] ?? 1 };
  });
  const first = widths[0] ?? 1;
  const last = sizes.at(-1) ?? { width: 1, heads: 1, depth: 1 };
  const time = TIME_RATIO * first;
  const parts = new Unet(config, model);
  // A model distilled with its guidance (latent consistency) takes it as a condition.
  const condition = config.optionalSize('time_cond_proj_dim');
  // A pipeline takes 64 latents for a model that names no size (pipelines/stable_diffusion).
  const listed = Array.isArray(config.value('sample_size'));
  const edge = listed ? null : (config.optionalSize('sample_size') ?? 64);
  const [high = 64, wide = 64] = listed ? (config.integers('sample_size', { min: 1 }) ?? []) : [];
  denoises(model, last.width, {
    output: { width: 8 * (edge ?? wide), height: 8 * (edge ?? high), frames: 1 },
    latent: { space: 8, time: 1 },
    patch: { space: 1, time: 1 },
    textTokens: 77,
    guidance: condition === null ? 'batch' : 'none',
    steps: condition === null ? 50 : 4,
    attending: null,
    // SDXL's pipelines do (pipelines/stable_diffusion_xl).
    upcastsDecoder: addition !== null,
  });

  const kernelIn = config.size('conv_in_kernel', { max: 1024 });
  model.grid(halved(0), () =>
    model.conv('conv_in', [first, config.size('in_channels'), kernelIn, kernelIn], 'embedding'),
  );
  model.linear('time_embedding.linear_1', first, time, 'other', true);
  model.linear('time_embedding.linear_2', time, time, 'other', true);
  if (condition !== null) model.linear('time_embedding.cond_proj', condition, first, 'other');
  if (addition !== null) {
    const width = config.size('projection_class_embeddings_input_dim');
    model.linear('add_embedding.linear_1', width, time, 'other', true);
    model.linear('add_embedding.linear_2', time, time, 'other', true);
  }

  let before = first;
  sizes.forEach((block, index) =>
    model.scope(`down_blocks.${index}`, () => {
      model.grid(halved(index), () => {
        for (let layer = 0; layer < layers; layer++) {
          residualBlock(model, `resnets.${layer}`, layer === 0 ? before : block.width, block.width, time);
          if (down[index] === true) parts.attention(`attentions.${layer}`, block);
        }
      });
      before = block.width;
      if (index < blocks - 1)
        model.grid(halved(index + 1), () =>
          model.conv('downsamplers.0.conv', [block.width, block.width, 3, 3], 'other'),
        );
    }),
  );
  model.grid(halved(blocks - 1), () =>
    model.scope('mid_block', () => {
      for (const index of [0, 1]) residualBlock(model, `resnets.${index}`, last.width, last.width, time);
      parts.attention('attentions.0', last);
    }),
  );
  // On the way up every residual block also takes what the block of that resolution gave on the way down.
  const upward = [...sizes].reverse();
  upward.forEach((block, index) =>
    model.scope(`up_blocks.${index}`, () => {
      const next = upward[index + 1]?.width ?? block.width;
      model.grid(halved(blocks - 1 - index), () => {
        for (let layer = 0; layer <= layers; layer++) {
          const skip = layer === layers ? next : block.width;
          residualBlock(
            model,
            `resnets.${layer}`,
            (layer === 0 ? before : block.width) + skip,
            block.width,
            time,
          );
          if (up[index] === true) parts.attention(`attentions.${layer}`, block);
        }
      });
      before = block.width;
      if (index < blocks - 1)
        model.grid(halved(blocks - 2 - index), () =>
          model.conv('upsamplers.0.conv', [block.width, block.width, 3, 3], 'other'),
        );
    }),
  );
  const kernelOut = config.size('conv_out_kernel', { max: 1024 });
  model.grid(halved(0), () => {
    model.layerNorm('conv_norm_out', first);
    model.conv('conv_out', [config.size('out_channels'), first, kernelOut, kernelOut], 'other');
  });
}

/** The denoiser of Stable Diffusion 1 and 2 and of SDXL. Source: diffusers models/unets/unet_2d_condition. */
export const unet2dCondition: Family = {
  architectures: [diffusersClass('UNet2DConditionModel', 'unet', unet)],
};
