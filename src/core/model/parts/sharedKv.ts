import type { ConfigReader } from '../configReader';
import { attentionSpec, type AttentionReach, type AttentionSizes } from './attention';
import type { ModelBuilder } from './modelBuilder';

/**
 * For each layer the one whose keys and values it uses instead of its own: the last `num_kv_shared_layers` use those of
 * the last earlier layer with the same kind of window. null = it keeps its own.
 */
export function sharedKvLayers(
  config: ConfigReader,
  windows: readonly (number | null)[],
): readonly (number | null)[] {
  const shared = config.integer('num_kv_shared_layers', { max: windows.length });
  const first = windows.length - shared;
  return windows.map((window, index) => {
    if (index < first) return null;
    const owner = windows.slice(0, first).findLastIndex((other) => (other === null) === (window === null));
    if (owner === -1)
      config.problem('num_kv_shared_layers', 'an earlier layer of the same kind for every layer that shares');
    return Math.max(owner, 0);
  });
}

export interface SharedKvOptions extends AttentionReach {
  readonly bias: boolean;
  /** The values come from the key projection. */
  readonly valueFromKey?: boolean;
}

/** Gemma's attention with norms per head; a layer that uses another's keys and values has no projections for them. */
export function sharedKvAttention(
  model: ModelBuilder,
  sizes: AttentionSizes,
  owner: number | null,
  options: SharedKvOptions,
): void {
  const { hidden, heads, kvHeads, headDim } = sizes;
  const { bias } = options;
  model.scope('self_attn', () => {
    model.linear('q_proj', hidden, heads * headDim, 'q', bias);
    model.rmsNorm('q_norm', headDim);
    if (owner === null) {
      model.rmsNorm('k_norm', headDim);
      model.linear('k_proj', hidden, kvHeads * headDim, 'k', bias);
      if (options.valueFromKey !== true) model.linear('v_proj', hidden, kvHeads * headDim, 'v', bias);
    }
    model.linear('o_proj', heads * headDim, hidden, 'o', bias);
  });
  model.layerAttention({ ...attentionSpec(sizes, options), sharesKvWithLayer: owner });
}
