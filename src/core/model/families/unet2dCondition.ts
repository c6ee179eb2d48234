import type { GridScale } from '../blueprint';
import type { ConfigReader } from '../configReader';
import type { Family } from '../family';
import { attentionSpec } from '../parts/attention';
import { denoises, diffusersClass, levelWidths } from '../parts/denoiserBlocks';
import type { ModelBuilder } from '../parts/modelBuilder';
import { residualBlock } from '../parts/residualBlock';
import { isSimpleUnet, simpleUnet } from '../parts/unetSimple';

/** Width of the timestep embedding over the first width; fixed in the class unless `time_embedding_dim` says so. */
const TIME_RATIO = 4;
const MLP_RATIO = 4;

const downKinds = ['DownBlock2D', 'CrossAttnDownBlock2D'];
const upKinds = ['UpBlock2D', 'CrossAttnUpBlock2D'];

/** Options that change the modules and that no published Stable Diffusion uses; only their defaults are read. */
const onlyDefault = ['class_embed_type', 'num_attention_heads', 'time_embedding_dim', 'cross_attention_norm'];

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
  attention(name: string, { width: outer, heads, depth }: BlockSizes): void {
    const { model, cross } = this;
    const headDim = Math.floor(outer / heads);
    // Heads that leave a rest make the transformer narrower than its block.
    const width = heads * headDim;
    const sizes = { hidden: width, heads, kvHeads: heads, headDim };
    const project = (part: string, from: number, to: number): void => {
      if (this.linear) model.linear(part, from, to, 'other', true);
      else model.conv(part, [to, from, 1, 1], 'other');
    };
    const attend = (part: string, from: number): void =>
      model.scope(part, () => {
        model.linear('to_q', width, width, 'q');
        model.linear('to_k', from, width, 'k');
        model.linear('to_v', from, width, 'v');
        model.linear('to_out.0', width, width, 'o', true);
      });
    model.scope(name, () => {
      model.layerNorm('norm', outer);
      project('proj_in', outer, width);
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
      project('proj_out', width, outer);
    });
    this.layers += depth;
  }
}

/** What all convolutional denoisers with attention to the prompt share: widths, heads and depths per level. */
interface Levels {
  readonly sizes: readonly BlockSizes[];
  /** Transformer layers on the way up, where they differ. */
  readonly depthsUp: readonly number[];
  readonly layers: number;
  readonly down: readonly boolean[];
  readonly first: number;
  readonly last: BlockSizes;
  readonly time: number;
}

function levelsOf(config: ConfigReader): Levels {
  const widths = levelWidths(config, 'block_out_channels');
  const blocks = widths.length;
  // The class takes the number of heads from a key that is named after their width.
  const heads = perBlock(config, 'attention_head_dim', blocks);
  const depths = perBlock(config, 'transformer_layers_per_block', blocks);
  const reversed = (config.value('reverse_transformer_layers_per_block') ?? null) !== null;
  const sizes = widths.map((width, index): BlockSizes => {
    const count = heads[index] ?? 1;
    if (count > width) config.problem('attention_head_dim', `at most the width of its block, ${width}`);
    return { width, heads: count, depth: depths[index] ?? 1 };
  });
  const first = widths[0] ?? 1;
  return {
    sizes,
    depthsUp: reversed
      ? perBlock(config, 'reverse_transformer_layers_per_block', blocks)
      : depths.toReversed(),
    layers: config.layers('layers_per_block'),
    down: kinds(config, 'down_block_types', blocks, downKinds),
    first,
    last: sizes.at(-1) ?? { width: 1, heads: 1, depth: 1 },
    time: TIME_RATIO * first,
  };
}

/** Timestep, and what SDXL adds to it. */
function conditions(config: ConfigReader, model: ModelBuilder, { first, time }: Levels): void {
  model.linear('time_embedding.linear_1', first, time, 'other', true);
  model.linear('time_embedding.linear_2', time, time, 'other', true);
  const addition = config.text('addition_embed_type');
  if (addition !== null && addition !== 'text_time')
    config.problem('addition_embed_type', 'text_time or null');
  if (addition !== null) {
    const width = config.size('projection_class_embeddings_input_dim');
    model.linear('add_embedding.linear_1', width, time, 'other', true);
    model.linear('add_embedding.linear_2', time, time, 'other', true);
  }
  // Kolors' prompt comes from a wider language model.
  const projection = config.text('encoder_hid_dim_type');
  const hidden = config.optionalSize('encoder_hid_dim');
  if (projection !== null && projection !== 'text_proj')
    config.problem('encoder_hid_dim_type', 'text_proj or null');
  if (hidden !== null)
    model.linear('encoder_hid_proj', hidden, config.size('cross_attention_dim'), 'embedding', true);
  const classes = config.optionalSize('num_class_embeds');
  if (classes !== null) model.embedding('class_embedding', classes, time, 'other');
}

/** The way down: residual blocks, attention where a level has it, and a halved resolution after all but the last. */
function downward(model: ModelBuilder, parts: Unet, { sizes, layers, down, first, time }: Levels): void {
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
      if (index < sizes.length - 1)
        model.grid(halved(index + 1), () =>
          model.conv('downsamplers.0.conv', [block.width, block.width, 3, 3], 'other'),
        );
    }),
  );
}

function middle(model: ModelBuilder, parts: Unet, { sizes, last, time }: Levels): void {
  model.grid(halved(sizes.length - 1), () =>
    model.scope('mid_block', () => {
      for (const index of [0, 1]) residualBlock(model, `resnets.${index}`, last.width, last.width, time);
      parts.attention('attentions.0', last);
    }),
  );
}

/** The way up: every residual block also takes what the block of that resolution gave on the way down. */
function upward(
  model: ModelBuilder,
  parts: Unet,
  { sizes, depthsUp, layers, time, last }: Levels,
  up: readonly boolean[],
): void {
  let before = last.width;
  const turned = sizes.toReversed();
  const blocks = sizes.length;
  turned.forEach((block, index) =>
    model.scope(`up_blocks.${index}`, () => {
      const next = turned[index + 1]?.width ?? block.width;
      model.grid(halved(blocks - 1 - index), () => {
        for (let layer = 0; layer <= layers; layer++) {
          const skip = layer === layers ? next : block.width;
          const from = (layer === 0 ? before : block.width) + skip;
          residualBlock(model, `resnets.${layer}`, from, block.width, time);
          if (up[index] === true)
            parts.attention(`attentions.${layer}`, { ...block, depth: depthsUp[index] ?? block.depth });
        }
      });
      before = block.width;
      if (index < blocks - 1)
        model.grid(halved(blocks - 2 - index), () =>
          model.conv('upsamplers.0.conv', [block.width, block.width, 3, 3], 'other'),
        );
    }),
  );
}

function onlyDefaults(config: ConfigReader): void {
  for (const key of onlyDefault)
    if ((config.value(key) ?? null) !== null) config.problem(key, 'null, the only form that is known');
  for (const key of ['dual_cross_attention', 'only_cross_attention'])
    if (config.value(key) === true || Array.isArray(config.value(key))) config.problem(key, 'false');
  if ((config.text('resnet_time_scale_shift') ?? 'default') !== 'default')
    config.problem('resnet_time_scale_shift', 'default');
}

/** Edges of the latents that the class was made for; its pipelines take 64 where it names none (pipelines/stable_diffusion). */
function sampleSize(config: ConfigReader): { readonly width: number; readonly height: number } {
  if (Array.isArray(config.value('sample_size'))) {
    const [height = 64, width = 64] = config.integers('sample_size', { min: 1 }) ?? [];
    return { width, height };
  }
  const edge = config.optionalSize('sample_size') ?? 64;
  return { width: edge, height: edge };
}

function unet(config: ConfigReader, model: ModelBuilder): void {
  if (isSimpleUnet(config)) {
    simpleUnet(config, model);
    return;
  }
  onlyDefaults(config);
  const levels = levelsOf(config);
  const { sizes, first, last } = levels;
  const up = kinds(config, 'up_block_types', sizes.length, upKinds);
  const mid = config.text('mid_block_type');
  if (mid !== null && mid !== 'UNetMidBlock2DCrossAttn')
    config.problem('mid_block_type', 'UNetMidBlock2DCrossAttn or null');
  const parts = new Unet(config, model);
  // A model distilled with its guidance (latent consistency) takes it as a condition.
  const condition = config.optionalSize('time_cond_proj_dim');
  const { width, height } = sampleSize(config);
  denoises(model, last.width, {
    output: { width: 8 * width, height: 8 * height, frames: 1 },
    latent: { space: 8, time: 1 },
    patch: { space: 1, time: 1 },
    textTokens: 77,
    guidance: condition === null ? 'batch' : 'none',
    steps: condition === null ? 50 : 4,
    attending: null,
    // SDXL's pipelines do (pipelines/stable_diffusion_xl).
    upcastsDecoder: config.text('addition_embed_type') !== null,
  });
  const kernelIn = config.size('conv_in_kernel', { max: 1024 });
  model.grid(halved(0), () =>
    model.conv('conv_in', [first, config.size('in_channels'), kernelIn, kernelIn], 'embedding'),
  );
  conditions(config, model, levels);
  if (condition !== null) model.linear('time_embedding.cond_proj', condition, first, 'other');
  downward(model, parts, levels);
  if (mid !== null) middle(model, parts, levels);
  upward(model, parts, levels, up);
  const kernelOut = config.size('conv_out_kernel', { max: 1024 });
  model.grid(halved(0), () => {
    model.layerNorm('conv_norm_out', first);
    model.conv('conv_out', [config.size('out_channels'), first, kernelOut, kernelOut], 'other');
  });
}

/** A copy of the denoiser's way down that reads an image and is run before each step. */
function controlNet(config: ConfigReader, model: ModelBuilder): void {
  onlyDefaults(config);
  const levels = levelsOf(config);
  const { sizes, layers, first, last } = levels;
  if (config.text('mid_block_type') !== 'UNetMidBlock2DCrossAttn')
    config.problem('mid_block_type', 'UNetMidBlock2DCrossAttn');
  const widths = config.integers('conditioning_embedding_out_channels', { min: 1 }) ?? [];
  const parts = new Unet(config, model);
  denoises(model, last.width, {
    output: { width: 512, height: 512, frames: 1 },
    latent: { space: 8, time: 1 },
    patch: { space: 1, time: 1 },
    textTokens: 77,
    guidance: 'batch',
    steps: 50,
    attending: null,
  });
  model.grid(halved(0), () => model.conv('conv_in', [first, config.size('in_channels'), 3, 3], 'embedding'));
  conditions(config, model, levels);
  model.scope('controlnet_cond_embedding', () => {
    const start = widths[0] ?? 1;
    model.conv('conv_in', [start, config.size('conditioning_channels'), 3, 3], 'embedding');
    widths.slice(0, -1).forEach((width, index) => {
      model.conv(`blocks.${2 * index}`, [width, width, 3, 3], 'other');
      model.conv(`blocks.${2 * index + 1}`, [widths[index + 1] ?? 1, width, 3, 3], 'other');
    });
    model.conv('conv_out', [first, widths.at(-1) ?? 1, 3, 3], 'other');
  });
  downward(model, parts, levels);
  middle(model, parts, levels);
  // One for each result that the denoiser's way up takes.
  const outputs = [first];
  sizes.forEach(({ width }, level) => {
    for (let layer = 0; layer < layers; layer++) outputs.push(width);
    if (level < sizes.length - 1) outputs.push(width);
  });
  outputs.forEach((width, index) =>
    model.conv(`controlnet_down_blocks.${index}`, [width, width, 1, 1], 'other'),
  );
  model.conv('controlnet_mid_block', [last.width, last.width, 1, 1], 'other');
}

/** The denoiser of Stable Diffusion 1 and 2, SDXL and Kolors, and its ControlNets. Source: diffusers models/unets/unet_2d_condition, models/controlnets/controlnet. */
export const unet2dCondition: Family = {
  architectures: [
    diffusersClass('UNet2DConditionModel', 'unet', unet),
    diffusersClass('ControlNetModel', 'controlnet', controlNet),
  ],
};
