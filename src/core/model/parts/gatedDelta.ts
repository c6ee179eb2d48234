import type { ConfigReader } from '../configReader';
import type { Dtype } from '../../units/dtype';
import type { ModelBuilder } from './modelBuilder';

export interface GatedDeltaSizes {
  readonly hidden: number;
  readonly keyHeads: number;
  readonly valueHeads: number;
  readonly keyDim: number;
  readonly valueDim: number;
  readonly kernel: number;
}

/** The `linear_*` keys of Qwen's gated delta net. */
export function gatedDeltaSizes(config: ConfigReader): GatedDeltaSizes {
  const keyHeads = config.heads('linear_num_key_heads');
  const valueHeads = config.heads('linear_num_value_heads');
  config.mustDivide('linear_num_key_heads', keyHeads, valueHeads, 'linear_num_value_heads');
  return {
    hidden: config.size('hidden_size'),
    keyHeads,
    valueHeads,
    keyDim: config.size('linear_key_head_dim'),
    valueDim: config.size('linear_value_head_dim'),
    kernel: config.size('linear_conv_kernel_dim'),
  };
}

/** dtype in which an engine is asked to keep the state; null = the model's. */
export function stateDtype(config: ConfigReader, key: string): Dtype | null {
  return config.text(key) === 'float32' ? 'f32' : null;
}

/**
 * Gated delta net in a module `name` (Yang et al., Gated Delta Networks): a short convolution over q, k and v, then one
 * matrix [key, value] of state a value head. `fused`: the input projections are two matrices instead of four. The
 * convolution's state is as wide as its kernel, as the library's cache keeps it.
 */
export function gatedDelta(
  model: ModelBuilder,
  name: string,
  sizes: GatedDeltaSizes,
  options: { readonly fused: boolean; readonly stateDtype?: Dtype | null },
): void {
  const { hidden, keyHeads, valueHeads, keyDim, valueDim, kernel } = sizes;
  const keys = keyHeads * keyDim;
  const values = valueHeads * valueDim;
  const mixed = 2 * keys + values;
  model.scope(name, () => {
    model.parameter('dt_bias', [valueHeads], 'recurrent');
    model.parameter('A_log', [valueHeads], 'recurrent');
    model.tensor('conv1d.weight', [mixed, 1, kernel], 'recurrent', 'conv');
    if (options.fused) {
      model.linear('in_proj_qkvz', hidden, mixed + values, 'recurrent');
      model.linear('in_proj_ba', hidden, 2 * valueHeads, 'recurrent');
    } else {
      model.linear('in_proj_qkv', hidden, mixed, 'recurrent');
      model.linear('in_proj_z', hidden, values, 'recurrent');
      model.linear('in_proj_b', hidden, valueHeads, 'recurrent');
      model.linear('in_proj_a', hidden, valueHeads, 'recurrent');
    }
    model.rmsNorm('norm', valueDim);
    model.linear('out_proj', values, hidden, 'recurrent');
  });
  model.layerRecurrent({
    kind: 'gated-delta',
    convElements: mixed * kernel,
    stateElements: valueHeads * keyDim * valueDim,
    stateDtype: options.stateDtype ?? null,
  });
}
