import type { ConfigReader } from '../configReader';
import type { Architecture, Family } from '../family';
import { attentionSpec } from '../parts/attention';
import { plainMlp } from '../parts/mlp';
import type { ModelBuilder } from '../parts/modelBuilder';

/** Widths of the first convolutions over a mask, and how much the upscaling narrows: as the class has them. */
const MASK_CHANNELS_DIVISOR = 4;

/** The image encoder of Segment Anything: windows, but for the layers that the config lists, with relative positions. */
function visionEncoder(config: ConfigReader, model: ModelBuilder): number {
  const hidden = config.size('hidden_size');
  const heads = config.heads('num_attention_heads');
  const headDim = Math.floor(hidden / heads);
  const outputs = config.size('output_channels');
  const patch = config.size('patch_size');
  const side = Math.floor(config.size('image_size') / patch);
  if (side < 1) config.problem('patch_size', 'at most image_size');
  const window = config.integer('window_size');
  const everywhere = new Set(config.integers('global_attn_indexes'));
  const bias = config.flag('qkv_bias');
  // Zero stands for "as the ratio says".
  const width = config.optionalSize('mlp_dim', { min: 0 }) ?? Math.trunc(hidden * config.real('mlp_ratio'));
  if (config.flag('use_abs_pos')) model.parameter('pos_embed', [1, side, side, hidden], 'position');
  model.scope('patch_embed', () =>
    model.conv('projection', [hidden, config.size('num_channels'), patch, patch], 'other'),
  );
  model.stack('layers', config.layers('num_hidden_layers'), hidden, (index) => {
    const seen = everywhere.has(index) || window === 0 ? side : window;
    model.layerNorm('layer_norm1', hidden);
    model.scope('attn', () => {
      if (config.flag('use_rel_pos'))
        for (const axis of ['h', 'w'])
          model.parameter(`rel_pos_${axis}`, [2 * seen - 1, headDim], 'position');
      model.linear('qkv', hidden, 3 * hidden, 'qkv', bias);
      model.linear('proj', hidden, hidden, 'o', true);
    });
    const reach = seen === side ? null : window * window;
    model.layerAttention(
      attentionSpec({ hidden, heads, kvHeads: heads, headDim }, { causal: false, window: reach }),
    );
    model.layerNorm('layer_norm2', hidden);
    plainMlp(model, 'mlp', hidden, width, { names: ['lin1', 'lin2'] });
  });
  model.scope('neck', () => {
    model.conv('conv1', [outputs, hidden, 1, 1], 'other', false);
    model.layerNorm('layer_norm1', outputs);
    model.conv('conv2', [outputs, outputs, 3, 3], 'other', false);
    model.layerNorm('layer_norm2', outputs);
  });
  return hidden;
}

function promptEncoder(config: ConfigReader, model: ModelBuilder): void {
  const hidden = config.size('hidden_size');
  const last = config.size('mask_input_channels');
  const first = Math.floor(last / MASK_CHANNELS_DIVISOR);
  model.scope('mask_embed', () => {
    model.conv('conv1', [first, 1, 2, 2], 'other');
    model.conv('conv2', [last, first, 2, 2], 'other');
    model.conv('conv3', [hidden, last, 1, 1], 'other');
    model.layerNorm('layer_norm1', first);
    model.layerNorm('layer_norm2', first * MASK_CHANNELS_DIVISOR);
  });
  model.embedding('no_mask_embed', 1, hidden);
  for (let point = 0; point < config.integer('num_point_embeddings', { max: 1024 }); point++)
    model.embedding(`point_embed.${point}`, 1, hidden);
  model.embedding('not_a_point_embed', 1, hidden);
}

function crossing(model: ModelBuilder, name: string, hidden: number, inner: number): void {
  model.scope(name, () => {
    model.linear('q_proj', hidden, inner, 'q', true);
    model.linear('k_proj', hidden, inner, 'k', true);
    model.linear('v_proj', hidden, inner, 'v', true);
    model.linear('out_proj', inner, hidden, 'o', true);
  });
}

/** A small MLP with as many layers in all as the config says for the head that scores masks. */
function feedForward(
  model: ModelBuilder,
  name: string,
  sizes: {
    readonly inputs: number;
    readonly hidden: number;
    readonly outputs: number;
    readonly layers: number;
  },
): void {
  model.scope(name, () => {
    model.linear('proj_in', sizes.inputs, sizes.hidden, 'other', true);
    model.linear('proj_out', sizes.hidden, sizes.outputs, 'other', true);
    for (let layer = 0; layer < sizes.layers - 2; layer++)
      model.linear(`layers.${layer}`, sizes.hidden, sizes.hidden, 'other', true);
  });
}

function maskDecoder(config: ConfigReader, model: ModelBuilder): void {
  const hidden = config.size('hidden_size');
  const heads = config.heads('num_attention_heads');
  const inner = Math.floor(hidden / config.size('attention_downsample_rate'));
  const masks = config.integer('num_multimask_outputs', { max: 1024 }) + 1;
  model.embedding('iou_token', 1, hidden);
  model.embedding('mask_tokens', masks, hidden);
  model.scope('transformer', () => {
    model.stack('layers', config.layers('num_hidden_layers'), hidden, () => {
      crossing(model, 'self_attn', hidden, hidden);
      const sizes = { hidden, heads, kvHeads: heads, headDim: Math.floor(hidden / heads) };
      model.layerAttention(attentionSpec(sizes, { causal: false }));
      crossing(model, 'cross_attn_token_to_image', hidden, inner);
      plainMlp(model, 'mlp', hidden, config.size('mlp_dim'), { names: ['lin1', 'lin2'] });
      crossing(model, 'cross_attn_image_to_token', hidden, inner);
      for (const number of [1, 2, 3, 4]) model.layerNorm(`layer_norm${number}`, hidden);
    });
    crossing(model, 'final_attn_token_to_image', hidden, inner);
    model.layerNorm('layer_norm_final_attn', hidden);
  });
  const [half, small] = [Math.floor(hidden / 4), Math.floor(hidden / 8)];
  // Transposed convolutions: [in, out, …], with a bias as wide as their outputs.
  for (const [name, from, to] of [
    ['upscale_conv1', hidden, half],
    ['upscale_conv2', half, small],
  ] as const) {
    model.tensor(`${name}.weight`, [from, to, 2, 2], 'other', 'conv');
    model.tensor(`${name}.bias`, [to], 'other', 'conv');
  }
  model.layerNorm('upscale_layer_norm', half);
  for (let mask = 0; mask < masks; mask++)
    feedForward(model, `output_hypernetworks_mlps.${mask}`, {
      inputs: hidden,
      hidden,
      outputs: small,
      layers: 3,
    });
  feedForward(model, 'iou_prediction_head', {
    inputs: hidden,
    hidden: config.size('iou_head_hidden_dim'),
    outputs: masks,
    layers: config.integer('iou_head_depth', { max: 64 }),
  });
}

const vision: Architecture = {
  name: 'SamVisionModel',
  modelType: 'sam_vision_model',
  task: 'vision',
  build(config, model) {
    const hidden = model.component('vision', () =>
      model.scope('vision_encoder', () => visionEncoder(config, model)),
    );
    model.facts = { ...model.facts, hidden };
  },
};

const whole: Architecture = {
  name: 'SamModel',
  modelType: 'sam',
  task: 'vision',
  build(config, model) {
    const encoder = config.section('vision_config', 'sam_vision_model');
    const prompt = config.section('prompt_encoder_config', 'sam_prompt_encoder');
    const positions = encoder.size('num_pos_feats');
    model.component('vision', () => {
      model.parameter('shared_image_embedding.positional_embedding', [2, positions], 'position');
      const hidden = model.scope('vision_encoder', () => visionEncoder(encoder, model));
      model.facts = { ...model.facts, hidden };
    });
    model.component('decoder', () => {
      model.scope('prompt_encoder', () => {
        model.parameter('shared_embedding.positional_embedding', [2, positions], 'position');
        promptEncoder(prompt, model);
      });
      if (config.flag('tie_word_embeddings'))
        model.tie(
          'prompt_encoder.shared_embedding.positional_embedding',
          'shared_image_embedding.positional_embedding',
        );
      model.scope('mask_decoder', () =>
        maskDecoder(config.section('mask_decoder_config', 'sam_mask_decoder'), model),
      );
    });
  },
};

/** Segment Anything. Source: transformers models/sam. */
export const sam: Family = { architectures: [whole, vision] };
