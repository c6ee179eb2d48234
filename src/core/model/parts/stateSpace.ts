import type { Dtype } from '../../units/dtype';
import type { ModelBuilder } from './modelBuilder';

export interface MambaSizes {
  readonly hidden: number;
  /** Width of the mixer. */
  readonly inner: number;
  readonly state: number;
  readonly kernel: number;
  /** Rank of the step projection. */
  readonly rank: number;
}

export interface MixerOptions {
  readonly convBias: boolean;
  /** Bias of the input projection, and of the output projection unless `outputBias` says otherwise. */
  readonly bias: boolean;
  readonly outputBias?: boolean;
  readonly stateDtype?: Dtype | null;
}

/**
 * The mixer of Mamba (Gu and Dao, 2023): every channel of the mixer has `state` numbers of its own. The convolution's
 * state is as wide as its kernel, as the library's cache keeps it. `norms`: RMS norms on step, B and C (Jamba).
 */
export function mamba1(
  model: ModelBuilder,
  name: string,
  sizes: MambaSizes,
  options: MixerOptions & { readonly norms?: boolean },
): void {
  const { hidden, inner, state, kernel, rank } = sizes;
  model.scope(name, () => {
    model.parameter('A_log', [inner, state], 'recurrent');
    model.parameter('D', [inner], 'recurrent');
    convolution(model, 'conv1d', inner, kernel, options.convBias);
    model.linear('in_proj', hidden, 2 * inner, 'recurrent', options.bias);
    model.linear('x_proj', inner, rank + 2 * state, 'recurrent');
    model.linear('dt_proj', rank, inner, 'recurrent', true);
    model.linear('out_proj', inner, hidden, 'recurrent', options.outputBias ?? options.bias);
    if (options.norms === true) {
      model.rmsNorm('dt_layernorm', rank);
      model.rmsNorm('b_layernorm', state);
      model.rmsNorm('c_layernorm', state);
    }
  });
  model.layerRecurrent({
    kind: 'mamba',
    convElements: inner * kernel,
    stateElements: inner * state,
    stateDtype: options.stateDtype ?? null,
  });
}

export interface Mamba2Sizes {
  readonly hidden: number;
  readonly heads: number;
  readonly headDim: number;
  readonly groups: number;
  readonly state: number;
  readonly kernel: number;
}

/**
 * The mixer of Mamba 2 (Dao and Gu, 2024): heads of `headDim` channels with `state` numbers each; B and C are shared by
 * groups of heads and pass the convolution too. `norm`: a gated norm before the output projection.
 */
export function mamba2(
  model: ModelBuilder,
  name: string,
  sizes: Mamba2Sizes,
  options: MixerOptions & { readonly norm?: boolean },
): void {
  const { hidden, heads, headDim, groups, state, kernel } = sizes;
  const inner = heads * headDim;
  const mixed = inner + 2 * groups * state;
  model.scope(name, () => {
    model.parameter('dt_bias', [heads], 'recurrent');
    model.parameter('A_log', [heads], 'recurrent');
    model.parameter('D', [heads], 'recurrent');
    convolution(model, 'conv1d', mixed, kernel, options.convBias);
    model.linear('in_proj', hidden, inner + mixed + heads, 'recurrent', options.bias);
    if (options.norm !== false) model.rmsNorm('norm', inner);
    model.linear('out_proj', inner, hidden, 'recurrent', options.outputBias ?? options.bias);
  });
  model.layerRecurrent({
    kind: 'mamba2',
    convElements: mixed * kernel,
    stateElements: inner * state,
    stateDtype: options.stateDtype ?? null,
  });
}

/** A convolution along the tokens, every channel by itself. */
export function convolution(
  model: ModelBuilder,
  name: string,
  channels: number,
  kernel: number,
  bias: boolean,
): void {
  model.tensor(`${name}.weight`, [channels, 1, kernel], 'recurrent', 'conv');
  if (bias) model.tensor(`${name}.bias`, [channels], 'recurrent', 'conv');
}
