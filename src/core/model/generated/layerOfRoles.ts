import type { AttentionSpec, ModuleKind, TensorRole } from '../blueprint';
import type { ConfigReader } from '../configReader';
import { attentionSpec } from '../parts/attention';
import type { ModelBuilder } from '../parts/modelBuilder';
import type { LayerWindow } from './entry';

/** A tensor of one layer, with its shape under the config at hand. */
export interface LayerRow {
  readonly role: TensorRole;
  readonly kind: ModuleKind;
  /** Path below the layer. */
  readonly name: string;
  readonly shape: readonly number[];
}

export interface LayerPlace {
  readonly causal: boolean;
  /** Component of the stack: an encoder and a decoder may have other heads. */
  readonly side: string;
  readonly index: number;
  readonly layers: number;
  readonly window: LayerWindow | null;
}

const headKeys = ['num_attention_heads', 'n_head', 'n_heads', 'num_heads', 'attention_heads'];

function firstNumber(config: ConfigReader, keys: readonly string[]): number | null {
  for (const key of keys) {
    const value = config.value(key);
    if (typeof value === 'number' && Number.isInteger(value) && value > 0) return value;
  }
  return null;
}

const across = /(encoder_attn|crossattention|cross_attention|cross_attn|EncDecAttention|encoder_attention)/u;

/** Inputs and outputs of a matrix, whichever way it lies. */
function outputs({ kind, shape }: LayerRow): number {
  return (kind === 'conv1d' ? shape[1] : shape[0]) ?? 0;
}

function inputs({ kind, shape }: LayerRow): number {
  return (kind === 'conv1d' ? shape[0] : shape[1]) ?? 0;
}

function matrices(rows: readonly LayerRow[], role: TensorRole): readonly LayerRow[] {
  return rows.filter((row) => row.role === role && row.shape.length === 2);
}

/** Attention from the shapes of its projections and the number of heads that the config names. */
function attentionOf(
  config: ConfigReader,
  rows: readonly LayerRow[],
  place: LayerPlace,
): AttentionSpec | null {
  const heads = firstNumber(config, [`${place.side}_attention_heads`, ...headKeys]);
  if (heads === null) return null;
  const window = windowOf(config, place);
  const rank = firstNumber(config, ['kv_lora_rank']);
  const ropeDim = firstNumber(config, ['qk_rope_head_dim']);
  if (rank !== null && ropeDim !== null && rows.some(({ name }) => /kv_a_proj/u.test(name))) {
    const valueDim = firstNumber(config, ['v_head_dim']) ?? ropeDim;
    const nope = firstNumber(config, ['qk_nope_head_dim']) ?? valueDim;
    const sizes = { hidden: 0, heads, kvHeads: heads, headDim: nope + ropeDim };
    return { ...attentionSpec(sizes, { window, causal: place.causal }), valueDim, latent: { rank, ropeDim } };
  }
  const [query] = matrices(rows, 'q');
  const [key] = matrices(rows, 'k');
  const [value] = matrices(rows, 'v');
  const [fused] = matrices(rows, 'qkv');
  const told = firstNumber(config, ['num_key_value_heads', 'num_kv_heads', 'n_head_kv']);
  const own = firstNumber(config, ['head_dim']);
  let headDim: number;
  let kvHeads: number;
  let valueDim: number;
  if (query !== undefined && key !== undefined) {
    headDim = own ?? outputs(query) / heads;
    kvHeads = outputs(key) / headDim;
    valueDim = value === undefined ? headDim : outputs(value) / kvHeads;
  } else if (fused !== undefined) {
    kvHeads = told ?? heads;
    headDim = outputs(fused) / (heads + 2 * kvHeads);
    valueDim = headDim;
  } else return null;
  if (![headDim, kvHeads, valueDim].every((one) => Number.isInteger(one) && one > 0)) return null;
  const sizes = { hidden: 0, heads, kvHeads, headDim };
  return { ...attentionSpec(sizes, { window, causal: place.causal }), valueDim };
}

function windowOf(config: ConfigReader, place: LayerPlace): number | null {
  if (place.window === null) return null;
  const width = firstNumber(config, ['sliding_window', 'attention_window_size']);
  if (place.window === 'all') return width;
  const types = config.perLayerWords('layer_types', place.layers);
  const pattern = firstNumber(config, ['sliding_window_pattern']);
  const [every, which] = pattern === null ? place.window : [pattern, pattern - 1];
  const full = types === null ? place.index % every === which : types[place.index] !== 'sliding_attention';
  return full ? null : width;
}

/** What a layer keeps and computes, as far as the roles and shapes of its tensors say. */
export function describeLayer(
  model: ModelBuilder,
  config: ConfigReader,
  rows: readonly LayerRow[],
  place: LayerPlace,
): void {
  const self = attentionOf(
    config,
    rows.filter(({ name }) => !across.test(name)),
    place,
  );
  if (self !== null) model.layerAttention(self);
  const cross = rows.filter(({ name }) => across.test(name));
  const other =
    cross.length === 0 ? null : attentionOf(config, cross, { ...place, causal: false, window: null });
  if (other !== null && place.side === 'decoder') model.layerCross({ ...other, kind: 'cross' });
  const down = rows.find(({ role, kind }) => role === 'down' && kind !== 'experts');
  const stacked = rows.find(({ role, kind }) => role === 'down' && kind === 'experts');
  const gated = rows.some(({ role }) => role === 'gate' || role === 'gateUp');
  const kind = gated ? 'gated' : 'plain';
  if (stacked !== undefined) {
    const [count = 1, , intermediate = 0] = stacked.shape;
    const active =
      firstNumber(config, ['num_experts_per_tok', 'num_experts_per_token', 'moe_topk', 'moe_k']) ?? 1;
    const shared = down === undefined ? 0 : inputs(down);
    model.layerMlp({ kind, intermediate: 0, moe: { experts: count, active, intermediate, shared } });
  } else if (down !== undefined && down.shape.length === 2)
    model.layerMlp({ kind, intermediate: inputs(down), moe: null });
}
