import type { ConfigReader } from '../configReader';
import type { Architecture } from '../family';
import { fusedAttention } from '../parts/attention';
import { fusedGatedMlp } from '../parts/mlp';
import type { ModelBuilder } from '../parts/modelBuilder';
import { publishedCode } from '../parts/publishedCode';

/** Width of the upsampler of masks and the kernel over its features, which the published code fixes. */
const UPSAMPLER = 128;
const FEATURE_KERNEL = 5;

/** Coordinates or sizes as Fourier features on their way in, and as bins on their way out. */
function boxHead(config: ConfigReader, model: ModelBuilder, name: 'coord' | 'size', hidden: number): void {
  const features = config.size(`${name}_enc_dim`, { min: 2 });
  const width = config.size(`${name}_dec_dim`);
  model.scope(`${name}_encoder`, () => {
    model.linear('embed', 2, Math.floor(features / 2), 'other');
    model.linear('transform', features, hidden, 'other');
  });
  model.scope(`${name}_decoder`, () => {
    model.linear('w1', hidden, width, 'classifier');
    model.linear('w2', width, config.size(`${name}_out_dim`), 'classifier');
  });
}

/** What opens an encoder of the upsampler, then two residual blocks of 1 × 1 convolutions with group norms. */
function upsamplerEncoder(model: ModelBuilder, name: string, first: () => void): void {
  model.scope(name, () => {
    first();
    for (const block of [1, 2])
      for (const [norm, conv] of [
        [0, 2],
        [3, 5],
      ] as const) {
        model.layerNorm(`${block}.block.${norm}`, UPSAMPLER);
        model.conv(`${block}.block.${conv}`, [UPSAMPLER, UPSAMPLER, 1, 1], 'other', false);
      }
  });
}

/** AnyUp (arXiv 2510.12764), which brings masks to the image's resolution. */
function upsampler(model: ModelBuilder, channels: number): void {
  const conv = (from: number, kernel: number): void =>
    model.conv('0', [UPSAMPLER, from, kernel, kernel], 'other', false);
  upsamplerEncoder(model, 'image_encoder', () => conv(channels, 1));
  upsamplerEncoder(model, 'key_encoder', () => conv(UPSAMPLER, 1));
  upsamplerEncoder(model, 'query_encoder', () => conv(UPSAMPLER, 1));
  upsamplerEncoder(model, 'key_features_encoder', () =>
    model.parameter('0.basis', [UPSAMPLER, 1, FEATURE_KERNEL, FEATURE_KERNEL]),
  );
  upsamplerEncoder(model, 'aggregation', () => conv(2 * UPSAMPLER, 3));
  model.scope('cross_decode', () => {
    model.rmsNorm('cross_attn.norm_q', UPSAMPLER);
    model.rmsNorm('cross_attn.norm_k', UPSAMPLER);
    model.parameter('cross_attn.attention.in_proj_weight', [3 * UPSAMPLER, UPSAMPLER], 'qkv');
    model.parameter('cross_attn.attention.in_proj_bias', [3 * UPSAMPLER], 'qkv');
    model.conv('conv2d', [UPSAMPLER, UPSAMPLER, 3, 3], 'other', false);
  });
  model.parameter('rope.freqs', [2, UPSAMPLER]);
}

function masks(config: ConfigReader, model: ModelBuilder, hidden: number): void {
  const outputs = config.size('segm_out_dim');
  model.scope('itok_upsampler', () => upsampler(model, config.size('channel_size')));
  model.scope('proj_segm', () => {
    for (let layer = 0; layer < config.integer('num_segm_layers', { min: 1, max: 64 }) - 1; layer++)
      model.linear(`layers.${layer}`, hidden, hidden, 'classifier', true);
    model.linear('pixel_layer', hidden, outputs, 'classifier');
  });
  model.conv('conv_segm', [outputs, hidden, 3, 3], 'classifier');
}

function build(config: ConfigReader, model: ModelBuilder): void {
  const hidden = config.size('dim');
  const vocab = config.size('vocab_size');
  const heads = config.heads('n_heads');
  const kvHeads = config.optionalHeads('n_kv_heads') ?? heads;
  const headDim = config.optionalSize('head_dim') ?? config.quotient('dim', 'n_heads');
  config.mustDivide('n_kv_heads', kvHeads, heads, 'n_heads');
  const patch = config.size('temporal_patch_size') * config.size('spatial_patch_size') ** 2;
  model.facts = {
    ...model.facts,
    hidden,
    vocab,
    maxContext: config.optionalSize('max_seq_len'),
    activation: 'relu2',
  };
  model.linear('img_projector', patch * config.size('channel_size'), hidden, 'projector');
  model.embedding('tok_embeddings', vocab, hidden);
  model.stack('layers', config.layers('n_layers'), hidden, () => {
    fusedAttention(model, 'attention', { hidden, heads, kvHeads, headDim }, { names: ['wqkv', 'wo'] });
    model.parameter('attention.sinks', [heads]);
    fusedGatedMlp(model, 'feed_forward', hidden, config.size('ffn_dim'), { names: ['w13', 'w2'] });
  });
  model.rmsNorm('norm', hidden);
  model.linear('output', hidden, vocab, 'head');
  boxHead(config, model, 'coord', hidden);
  boxHead(config, model, 'size', hidden);
  if (config.flag('do_segmentation')) masks(config, model, hidden);
  // Rotary frequencies of the image's rows and columns, which the checkpoint holds.
  model.buffer('freqs_cis_golden', [heads, Math.floor(headDim / 4), 2], 'f32');
}

const forSegmentation: Architecture = {
  name: 'FalconPerceptionForSegmentation',
  modelType: 'falcon_perception',
  task: 'generate',
  build,
};

/**
 * Falcon Perception: one decoder over image patches and text, with heads for boxes and masks. Names after the published
 * inference code (github.com/tiiuae/falcon-perception, falcon_perception/model.py and anyup.py).
 */
export const falconPerception = publishedCode('modeling_falcon_perception.py', {
  architectures: [forSegmentation],
});
