import type { ConfigReader } from '../configReader';
import type { TensorRole } from '../blueprint';
import { attentionSpec } from '../parts/attention';
import type { ModelBuilder } from '../parts/modelBuilder';
import { gemmaNorms } from './gemma2';

/** A linear layer in a module of its own, with four saved bounds where the config asks for clipping. */
type Clippable = (name: string, inputs: number, outputs: number, role: TensorRole) => void;

function clippable(config: ConfigReader, model: ModelBuilder): Clippable {
  const clips = config.flag('use_clipped_linears');
  return (name, inputs, outputs, role) => {
    model.linear(`${name}.linear`, inputs, outputs, role);
    if (clips)
      for (const bound of ['input_min', 'input_max', 'output_min', 'output_max'])
        model.tensor(`${name}.${bound}`, [], 'other', 'buffer');
  };
}

/** Gemma 4's vision tower without a prefix; returns its width. */
export function gemma4Vision(config: ConfigReader, model: ModelBuilder): number {
  const hidden = config.size('hidden_size');
  const intermediate = config.size('intermediate_size');
  const heads = config.heads('num_attention_heads');
  const kvHeads = config.heads('num_key_value_heads');
  config.mustDivide('num_key_value_heads', kvHeads, heads, 'num_attention_heads');
  const headDim = config.size('head_dim');
  const linear = clippable(config, model);
  if (config.flag('standardize'))
    for (const name of ['std_bias', 'std_scale']) model.tensor(name, [hidden], 'other', 'buffer');
  model.scope('patch_embedder', () => {
    const positions = [2, config.size('position_embedding_size'), hidden];
    model.parameter('position_embedding_table', positions, 'position');
    model.linear('input_proj', 3 * config.size('patch_size') ** 2, hidden, 'embedding');
  });
  model.stack('encoder.layers', config.layers('num_hidden_layers'), hidden, () => {
    model.scope('self_attn', () => {
      linear('q_proj', hidden, heads * headDim, 'q');
      linear('k_proj', hidden, kvHeads * headDim, 'k');
      linear('v_proj', hidden, kvHeads * headDim, 'v');
      linear('o_proj', heads * headDim, hidden, 'o');
      model.rmsNorm('q_norm', headDim);
      model.rmsNorm('k_norm', headDim);
    });
    model.layerAttention(attentionSpec({ hidden, heads, kvHeads, headDim }, { causal: false }));
    model.scope('mlp', () => {
      linear('gate_proj', hidden, intermediate, 'gate');
      linear('up_proj', hidden, intermediate, 'up');
      linear('down_proj', intermediate, hidden, 'down');
    });
    model.layerMlp({ kind: 'gated', intermediate, moe: null });
    gemmaNorms(model, hidden);
  });
  return hidden;
}

/** Gemma 4's audio tower, a conformer, without a prefix; returns the width of what it gives. */
export function gemma4Audio(config: ConfigReader, model: ModelBuilder): number {
  const hidden = config.size('hidden_size');
  const heads = config.heads('num_attention_heads');
  const headDim = config.quotient('hidden_size', 'num_attention_heads');
  const kernel = config.size('conv_kernel_size');
  const [first = 0, second = 0] = config.integers('subsampling_conv_channels', { min: 1 }) ?? [];
  if (first < 4 || second < 1) config.problem('subsampling_conv_channels', 'two numbers of channels');
  const linear = clippable(config, model);
  const feedForward = (name: string): void =>
    model.scope(name, () => {
      linear('ffw_layer_1', hidden, 4 * hidden, 'up');
      linear('ffw_layer_2', 4 * hidden, hidden, 'down');
      model.rmsNorm('pre_layer_norm', hidden);
      model.rmsNorm('post_layer_norm', hidden);
    });
  model.scope('subsample_conv_projection', () => {
    model.tensor('layer0.conv.weight', [first, 1, 3, 3], 'embedding', 'conv');
    model.rmsNorm('layer0.norm', first);
    model.tensor('layer1.conv.weight', [second, first, 3, 3], 'embedding', 'conv');
    model.rmsNorm('layer1.norm', second);
    model.linear('input_proj_linear', Math.floor(first / 4) * second, hidden, 'embedding');
  });
  model.stack('layers', config.layers('num_hidden_layers'), hidden, () => {
    feedForward('feed_forward1');
    feedForward('feed_forward2');
    model.scope('self_attn', () => {
      model.parameter('per_dim_scale', [headDim]);
      linear('q_proj', hidden, heads * headDim, 'q');
      linear('k_proj', hidden, heads * headDim, 'k');
      linear('v_proj', hidden, heads * headDim, 'v');
      linear('post', hidden, hidden, 'o');
      model.linear('relative_k_proj', hidden, heads * headDim, 'position');
    });
    const window = config.size('attention_context_left');
    const sizes = { hidden, heads, kvHeads: heads, headDim };
    model.layerAttention(attentionSpec(sizes, { causal: false, window }));
    model.scope('lconv1d', () => {
      linear('linear_start', hidden, 2 * hidden, 'other');
      linear('linear_end', hidden, hidden, 'other');
      model.tensor('depthwise_conv1d.weight', [hidden, 1, kernel], 'other', 'conv');
      model.rmsNorm('pre_layer_norm', hidden);
      model.rmsNorm('conv_norm', hidden);
    });
    model.rmsNorm('norm_pre_attn', hidden);
    model.rmsNorm('norm_post_attn', hidden);
    model.rmsNorm('norm_out', hidden);
    // Two plain MLPs of four times the width.
    model.layerMlp({ kind: 'plain', intermediate: 8 * hidden, moe: null });
  });
  const outputs = config.size('output_proj_dims');
  model.linear('output_proj', hidden, outputs, 'projector', true);
  return outputs;
}
