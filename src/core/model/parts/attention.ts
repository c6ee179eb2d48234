import type { AttentionSpec } from '../blueprint';
import type { ModelBuilder } from './modelBuilder';

/** Sizes of one attention layer, as its tensors need them. */
export interface AttentionSizes {
  /** Width of the residual stream. */
  readonly hidden: number;
  readonly heads: number;
  /** Key and value heads; equal to `heads` for plain multi-head attention. */
  readonly kvHeads: number;
  readonly headDim: number;
}

/** What a layer's attention sees. */
export interface AttentionReach {
  /** Tokens of a sliding window; null = all. */
  readonly window?: number | null;
  readonly causal?: boolean;
}

export interface AttentionOptions extends AttentionReach {
  /** Bias of the q, k and v projections. */
  readonly bias?: boolean;
  /** Bias of the output projection; as `bias` when absent. */
  readonly outputBias?: boolean;
  /** `head`: RMS norms over one head's width (`q_norm`, `k_norm`); `full`: over the whole projection. */
  readonly norms?: 'head' | 'full' | null;
  /** Names of the four projections. */
  readonly names?: readonly [q: string, k: string, v: string, o: string];
}

/** The AttentionSpec of ordinary attention: keys and values of the same width, cached per KV head. */
export function attentionSpec(sizes: AttentionSizes, reach: AttentionReach = {}): AttentionSpec {
  const window = reach.window ?? null;
  return {
    kind: window === null ? 'full' : 'window',
    window,
    queryHeads: sizes.heads,
    kvHeads: sizes.kvHeads,
    keyDim: sizes.headDim,
    valueDim: sizes.headDim,
    latent: null,
    sharesKvWithLayer: null,
    keyIsValue: false,
    causal: reach.causal ?? true,
    crossTokens: null,
  };
}

const usual: readonly [string, string, string, string] = ['q_proj', 'k_proj', 'v_proj', 'o_proj'];

/** Attention with separate q, k, v and o projections in a module `name`: multi-head, grouped-query or multi-query. */
export function separateAttention(
  model: ModelBuilder,
  name: string,
  sizes: AttentionSizes,
  options: AttentionOptions = {},
): void {
  const { hidden, heads, kvHeads, headDim } = sizes;
  const [q, k, v, o] = options.names ?? usual;
  const bias = options.bias ?? false;
  model.scope(name, () => {
    model.linear(q, hidden, heads * headDim, 'q', bias);
    model.linear(k, hidden, kvHeads * headDim, 'k', bias);
    model.linear(v, hidden, kvHeads * headDim, 'v', bias);
    model.linear(o, heads * headDim, hidden, 'o', options.outputBias ?? bias);
    const norms = options.norms ?? null;
    if (norms !== null) {
      model.rmsNorm('q_norm', norms === 'head' ? headDim : heads * headDim);
      model.rmsNorm('k_norm', norms === 'head' ? headDim : kvHeads * headDim);
    }
  });
  model.layerAttention(attentionSpec(sizes, options));
}

export interface FusedAttentionOptions extends AttentionReach {
  readonly qkvBias?: boolean;
  readonly outputBias?: boolean;
  /** Names of the two projections. */
  readonly names: readonly [qkv: string, o: string];
  /** GPT-2's Conv1D instead of Linear: weights lie transposed and always have a bias. */
  readonly transposed?: boolean;
}

/** Attention with q, k and v in one matrix. */
export function fusedAttention(
  model: ModelBuilder,
  name: string,
  sizes: AttentionSizes,
  options: FusedAttentionOptions,
): void {
  const { hidden, heads, kvHeads, headDim } = sizes;
  const [qkv, o] = options.names;
  const rows = (heads + 2 * kvHeads) * headDim;
  model.scope(name, () => {
    if (options.transposed === true) {
      model.transposedLinear(qkv, hidden, rows, 'qkv');
      model.transposedLinear(o, heads * headDim, hidden, 'o');
    } else {
      model.linear(qkv, hidden, rows, 'qkv', options.qkvBias ?? false);
      model.linear(o, heads * headDim, hidden, 'o', options.outputBias ?? false);
    }
  });
  model.layerAttention(attentionSpec(sizes, options));
}
