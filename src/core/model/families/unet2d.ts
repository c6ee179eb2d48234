import type { GridScale } from '../blueprint';
import type { ConfigReader } from '../configReader';
import type { Family } from '../family';
import { attentionSpec } from '../parts/attention';
import { denoises, diffusersClass, levelWidths, onlyKnown } from '../parts/denoiserBlocks';
import type { ModelBuilder } from '../parts/modelBuilder';
import { residualBlock } from '../parts/residualBlock';

const TIME_RATIO = 4;

function halved(times: number): GridScale {
  return { time: 1, space: 1 / 2 ** times };
}

/** Attention over all positions of a level. */
function attention(model: ModelBuilder, name: string, width: number, headDim: number, index: number): void {
  const heads = Math.floor(width / headDim);
  const inner = heads * headDim;
  model.layer(name, width, index, () => {
    model.layerNorm('group_norm', width);
    model.linear('to_q', width, inner, 'q', true);
    model.linear('to_k', width, inner, 'k', true);
    model.linear('to_v', width, inner, 'v', true);
    model.linear('to_out.0', inner, width, 'o', true);
    model.layerAttention(attentionSpec({ hidden: width, heads, kvHeads: heads, headDim }, { causal: false }));
  });
}

function build(config: ConfigReader, model: ModelBuilder): void {
  const widths = levelWidths(config, 'block_out_channels');
  const blocks = widths.length;
  const layers = config.layers('layers_per_block');
  const first = widths[0] ?? 1;
  const last = widths.at(-1) ?? 1;
  const time = config.optionalSize('time_embedding_dim') ?? TIME_RATIO * first;
  const attends = (key: string, kind: string): readonly boolean[] => {
    const words = config.perLayerWords(key, blocks) ?? [];
    if (words.some((word) => word !== `${kind}Block2D` && word !== `Attn${kind}Block2D`))
      config.problem(key, `${kind}Block2D or Attn${kind}Block2D`);
    return words.map((word) => word.startsWith('Attn'));
  };
  const down = attends('down_block_types', 'Down');
  const up = attends('up_block_types', 'Up');
  onlyKnown(config, 'time_embedding_type', ['positional']);
  onlyKnown(config, 'resnet_time_scale_shift', ['default']);
  onlyKnown(config, 'downsample_type', ['conv']);
  onlyKnown(config, 'upsample_type', ['conv']);
  if ((config.value('class_embed_type') ?? null) !== null) config.problem('class_embed_type', 'null');
  const headDim = config.optionalSize('attention_head_dim', { max: 65_536 });
  if (headDim !== null && widths.some((width) => headDim > width))
    config.problem('attention_head_dim', 'at most the width of a block');
  const edge = config.optionalSize('sample_size') ?? 32;
  denoises(model, last, {
    output: { width: edge, height: edge, frames: 1 },
    // It works on pixels, unless a pipeline puts an autoencoder before it.
    latent: { space: 1, time: 1 },
    patch: { space: 1, time: 1 },
    textTokens: 0,
    guidance: 'none',
    steps: 50,
    attending: null,
  });
  let count = 0;
  const attend = (name: string, width: number): void =>
    attention(model, name, width, headDim ?? width, count++);
  model.grid(halved(0), () => model.conv('conv_in', [first, config.size('in_channels'), 3, 3], 'embedding'));
  model.linear('time_embedding.linear_1', first, time, 'other', true);
  model.linear('time_embedding.linear_2', time, time, 'other', true);
  const classes = config.optionalSize('num_class_embeds');
  if (classes !== null) model.embedding('class_embedding', classes, time, 'other');

  let before = first;
  widths.forEach((width, level) =>
    model.scope(`down_blocks.${level}`, () => {
      model.grid(halved(level), () => {
        for (let layer = 0; layer < layers; layer++) {
          residualBlock(model, `resnets.${layer}`, layer === 0 ? before : width, width, time);
          if (down[level] === true) attend(`attentions.${layer}`, width);
        }
      });
      before = width;
      if (level < blocks - 1)
        model.grid(halved(level + 1), () => model.conv('downsamplers.0.conv', [width, width, 3, 3], 'other'));
    }),
  );
  if (config.text('mid_block_type') !== null)
    model.grid(halved(blocks - 1), () =>
      model.scope('mid_block', () => {
        for (const index of [0, 1]) residualBlock(model, `resnets.${index}`, last, last, time);
        if (config.flag('add_attention')) attend('attentions.0', last);
      }),
    );
  const turned = widths.toReversed();
  turned.forEach((width, level) =>
    model.scope(`up_blocks.${level}`, () => {
      const next = turned[level + 1] ?? width;
      model.grid(halved(blocks - 1 - level), () => {
        for (let layer = 0; layer <= layers; layer++) {
          const from = (layer === 0 ? before : width) + (layer === layers ? next : width);
          residualBlock(model, `resnets.${layer}`, from, width, time);
          if (up[level] === true) attend(`attentions.${layer}`, width);
        }
      });
      before = width;
      if (level < blocks - 1)
        model.grid(halved(blocks - 2 - level), () =>
          model.conv('upsamplers.0.conv', [width, width, 3, 3], 'other'),
        );
    }),
  );
  model.grid(halved(0), () => {
    model.layerNorm('conv_norm_out', first);
    model.conv('conv_out', [config.size('out_channels'), first, 3, 3], 'other');
  });
}

/** The unconditional denoiser of DDPM and its kin. Source: diffusers models/unets/unet_2d. */
export const unet2d: Family = {
  architectures: [diffusersClass('UNet2DModel', 'unet', build)],
};
