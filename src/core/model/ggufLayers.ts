import type { AttentionSpec, LayerSpec, MlpSpec, RecurrentSpec } from './blueprint';
import type { GgufTensor } from './gguf';
import { type GgufKeys, MOST_GGUF_LAYERS } from './ggufKeys';
import type { GgufContents } from './ggufSplit';
import { placeOf } from './ggufTensorRoles';
import { ggufWindows } from './ggufWindows';

/*
 * What the layers of a GGUF model may keep and compute. Numbers come from the architecture's keys as llama.cpp reads them
 * (llama-model.cpp load_hparams, llama-hparams.cpp, src/models/*.cpp at 0c1e57098); whether a layer has attention, a
 * recurrent part or experts shows in the tensors that it holds, so hybrids need no table.
 */

/** Tensors of one layer by their part's name (`attn_q`); biases apart. */
type Parts = ReadonlyMap<string, GgufTensor>;

/** The layers of every component, a language model's first. Layers for multi-token prediction are left out. */
export function ggufLayers(contents: GgufContents, keys: GgufKeys): readonly LayerSpec[] {
  const byComponent = partsOf(contents);
  const text = byComponent.get('text');
  const layers = text === undefined ? [] : [...textLayers(text, keys)];
  for (const component of ['encoder', 'decoder'] as const) {
    const parts = byComponent.get(component);
    if (parts !== undefined) layers.push(...translatorLayers(component, parts, keys));
  }
  for (const component of ['vision', 'audio'] as const) {
    const parts = byComponent.get(component);
    if (parts !== undefined)
      layers.push(...towerLayers(component, parts, keys.below(`${keys.prefix}.${component}`)));
  }
  return layers;
}

/** component -> layer -> parts, for tensors within layers. */
function partsOf(contents: GgufContents): ReadonlyMap<string, ReadonlyMap<number, Parts>> {
  const components = new Map<string, Map<number, Map<string, GgufTensor>>>();
  for (const tensor of contents.tensors) {
    const { component, layer, part } = placeOf(tensor.name, tensor.dims.length);
    if (layer === null || tensor.name.endsWith('.bias')) continue;
    const layers = components.get(component) ?? new Map<number, Map<string, GgufTensor>>();
    const parts = layers.get(layer) ?? new Map<string, GgufTensor>();
    components.set(component, layers.set(layer, parts.set(part, tensor)));
  }
  return components;
}

function textLayers(byLayer: ReadonlyMap<number, Parts>, keys: GgufKeys): readonly LayerSpec[] {
  const blocks = keys.required('block_count', 1, MOST_GGUF_LAYERS);
  const hidden = keys.required('embedding_length');
  const count = blocks - (keys.size('nextn_predict_layers', 0, blocks) ?? 0);
  const attention = attentionReader(keys, blocks, hidden);
  const recurrent = recurrentReader(keys, hidden);
  const lightning = lightningReader(keys, blocks, hidden);
  const active = keys.perLayer('expert_used_count', blocks);
  return Array.from({ length: count }, (_, index): LayerSpec => {
    const parts = byLayer.get(index) ?? new Map<string, GgufTensor>();
    const linear = lightning(index);
    return {
      index,
      component: 'text',
      attention: linear === null ? attention(index, parts) : null,
      cross: null,
      recurrent: linear ?? recurrent(index, parts),
      mlp: mlpOf(parts, active?.[index] ?? 1),
      hidden,
    };
  });
}

/** T5: `enc.blk` and `dec.blk`, the latter with cross-attention. */
function translatorLayers(
  component: 'encoder' | 'decoder',
  byLayer: ReadonlyMap<number, Parts>,
  keys: GgufKeys,
): readonly LayerSpec[] {
  const blocks = keys.required('block_count', 1, MOST_GGUF_LAYERS);
  const count =
    component === 'encoder' ? blocks : (keys.size('decoder_block_count', 1, MOST_GGUF_LAYERS) ?? blocks);
  const hidden = keys.required('embedding_length');
  const sizes = headSizes(keys, hidden);
  const heads = keys.heads('attention.head_count') ?? 0;
  const self = plainAttention(heads, keys.heads('attention.head_count_kv') ?? heads, sizes.full);
  const decoder = component === 'decoder';
  return Array.from({ length: count }, (_, index): LayerSpec => {
    const parts = byLayer.get(index) ?? new Map<string, GgufTensor>();
    return {
      index,
      component,
      attention: { ...self, causal: decoder },
      cross: decoder ? { ...self, kind: 'cross', causal: false } : null,
      recurrent: null,
      mlp: mlpOf(parts, 1),
      hidden,
    };
  });
}

/** The transformer of a vision or audio tower (`clip.vision.*`, `clip.audio.*`). */
function towerLayers(
  component: string,
  byLayer: ReadonlyMap<number, Parts>,
  keys: GgufKeys,
): readonly LayerSpec[] {
  const count = keys.size('block_count', 1, MOST_GGUF_LAYERS) ?? byLayer.size;
  const hidden = keys.required('embedding_length');
  const heads = keys.heads('attention.head_count') ?? 0;
  const attention = plainAttention(heads, heads, headSizes(keys, hidden).full);
  return Array.from({ length: count }, (_, index): LayerSpec => {
    const parts = byLayer.get(index) ?? new Map<string, GgufTensor>();
    return {
      index,
      component,
      attention: { ...attention, causal: false },
      cross: null,
      recurrent: null,
      mlp: mlpOf(parts, 1),
      hidden,
    };
  });
}

interface HeadSize {
  readonly keyDim: number;
  readonly valueDim: number;
}

/** Widths of a head, in full and in windowed layers. */
function headSizes(keys: GgufKeys, hidden: number): { full: HeadSize; windowed: HeadSize } {
  const heads = keys.perLayer('attention.head_count', 1)?.[0] ?? 0;
  const usual = heads > 0 ? Math.floor(hidden / heads) : 0;
  const full = {
    keyDim: keys.size('attention.key_length') ?? usual,
    valueDim: keys.size('attention.value_length') ?? usual,
  };
  return {
    full,
    windowed: {
      keyDim: keys.size('attention.key_length_swa') ?? full.keyDim,
      valueDim: keys.size('attention.value_length_swa') ?? full.valueDim,
    },
  };
}

function plainAttention(queryHeads: number, kvHeads: number, size: HeadSize): AttentionSpec {
  return {
    kind: 'full',
    window: null,
    queryHeads,
    kvHeads,
    ...size,
    latent: null,
    sharesKvWithLayer: null,
    keyIsValue: false,
    causal: true,
    crossTokens: null,
  };
}

function attentionReader(
  keys: GgufKeys,
  blocks: number,
  hidden: number,
): (index: number, parts: Parts) => AttentionSpec | null {
  const heads = keys.perLayer('attention.head_count', blocks, 65_536);
  const kvHeads = keys.perLayer('attention.head_count_kv', blocks, 65_536) ?? heads;
  const sizes = headSizes(keys, hidden);
  const windows = ggufWindows(keys, blocks);
  const latent = latentOf(keys);
  const causal = keys.flag('attention.causal') ?? true;
  const firstShared = firstSharedLayer(keys, blocks);
  return (index, parts) => {
    const queryHeads = heads?.[index] ?? 0;
    const kv = kvHeads?.[index] ?? 0;
    if (queryHeads === 0 || kv === 0 || !hasAttention(parts)) return null;
    if (latent !== null)
      // The keys speak of the one head of the latent; the expanded form has as many as there are query heads.
      return { ...plainAttention(queryHeads, queryHeads, latent.expanded), latent: latent.kept, causal };
    const reach = windows(index);
    const spec = plainAttention(queryHeads, kv, reach.kind === 'full' ? sizes.full : sizes.windowed);
    const shares = index >= firstShared ? firstShared - (reach.kind === 'full' ? 1 : 2) : null;
    return { ...spec, ...reach, causal, sharesKvWithLayer: shares };
  };
}

/**
 * A layer attends when it projects queries and keys. Linear-attention layers of qwen3next and its successors have a fused
 * projection too, but beside it the parameters of their state.
 */
function hasAttention(parts: Parts): boolean {
  if (parts.has('attn_q') || parts.has('attn_k') || parts.has('attn_q_b') || parts.has('attn_kv_a_mqa'))
    return true;
  return parts.has('attn_qkv') && ![...parts.keys()].some((part) => part.startsWith('ssm_'));
}

/** Multi-head latent attention, in files that are converted for attention on the latent (key_length_mla is there). */
function latentOf(keys: GgufKeys): { kept: { rank: number; ropeDim: number }; expanded: HeadSize } | null {
  const rank = keys.size('attention.kv_lora_rank');
  const keyDim = keys.size('attention.key_length_mla');
  const valueDim = keys.size('attention.value_length_mla');
  if (rank === null || keyDim === null || valueDim === null) return null;
  return {
    kept: { rank, ropeDim: keys.size('rope.dimension_count', 0) ?? 0 },
    expanded: { keyDim, valueDim },
  };
}

/** First of the last layers that use the cache of an earlier one; Infinity when there are none (gemma3n.cpp, gemma4.cpp). */
function firstSharedLayer(keys: GgufKeys, blocks: number): number {
  if (keys.prefix === 'gemma3n') return 20;
  const shared = keys.size('attention.shared_kv_layers', 0, MOST_GGUF_LAYERS) ?? 0;
  return keys.prefix.startsWith('gemma4') && shared > 0 ? blocks - shared : Infinity;
}

/** State per sequence: n_embd_r and n_embd_s of llama-hparams.cpp; llama.cpp keeps both in 32 bits. */
function recurrentReader(
  keys: GgufKeys,
  hidden: number,
): (index: number, parts: Parts) => RecurrentSpec | null {
  const heads = keys.perLayer('attention.head_count', 1)?.[0] ?? 0;
  const kernel = (keys.size('ssm.conv_kernel', 0) ?? 0) - 1;
  const inner = keys.size('ssm.inner_size', 0) ?? 0;
  const state = keys.size('ssm.state_size', 0) ?? 0;
  const groups = keys.size('ssm.group_count', 0) ?? 0;
  const kdaHead = keys.size('kda.head_dim', 0) ?? 0;
  const wkvHead = keys.size('wkv.head_size', 0) ?? 0;
  const shortKernel = (keys.size('shortconv.l_cache', 0) ?? 0) - 1;
  const shifts = keys.size('token_shift_count', 0) ?? 2;
  const spec = (kind: RecurrentSpec['kind'], convElements: number, stateElements: number): RecurrentSpec => ({
    kind,
    convElements: Math.max(0, convElements),
    stateElements,
    stateDtype: 'f32',
  });
  return (_index, parts) => {
    const names = [...parts.keys()];
    if (names.some((name) => name.startsWith('time_mix_')))
      return spec('rwkv', shifts * hidden, wkvHead * hidden);
    if (names.some((name) => name.startsWith('shortconv'))) return spec('conv', shortKernel * hidden, 0);
    if (!names.some((name) => name.startsWith('ssm_'))) return null;
    if (kdaHead > 0)
      return spec('kda', 3 * (kernel > 0 ? kernel : 3) * heads * kdaHead, kdaHead * kdaHead * heads);
    return spec(stateKind(parts), kernel * (inner + 2 * groups * state), state * inner);
  };
}

/** MiniMax-01: all but every eighth layer have linear attention, with one square state per head (minimax-01.cpp). */
function lightningReader(
  keys: GgufKeys,
  blocks: number,
  hidden: number,
): (index: number) => RecurrentSpec | null {
  if (keys.prefix !== 'minimax-01') return () => null;
  const listed = keys.flagsPerLayer('attention.recurrent_layers', blocks);
  const interval = keys.size('full_attention_interval') ?? 8;
  const heads = keys.perLayer('attention.head_count', 1)?.[0] ?? 0;
  const { keyDim } = headSizes(keys, hidden).full;
  return (index) =>
    (listed?.[index] ?? (index + 1) % interval !== 0)
      ? { kind: 'linear', convElements: 0, stateElements: keyDim * keyDim * heads, stateDtype: 'f32' }
      : null;
}

function stateKind(parts: Parts): RecurrentSpec['kind'] {
  if (parts.has('ssm_ba') || parts.has('ssm_alpha') || parts.has('ssm_beta')) return 'gated-delta';
  // The first mamba projects to its time steps and states; the second has one decay per head instead.
  return parts.has('ssm_x') ? 'mamba' : 'mamba2';
}

/** Widths from the tensors themselves: ggml's first dimension of a down projection is the width of the MLP. */
function mlpOf(parts: Parts, active: number): MlpSpec | null {
  const width = (part: string): number => parts.get(part)?.dims[0] ?? 0;
  const dense = width('ffn_down') + width('channel_mix_value');
  const experts = parts.get('ffn_down_exps');
  const apart = [...parts.keys()].filter((part) => /^ffn_down\.\d+$/u.test(part)).length;
  const count = experts?.dims[2] ?? apart;
  // A dense MLP beside experts is one that every token passes, as a shared expert.
  const shared = width('ffn_down_shexp') + width('ffn_down_chexps') + (count > 0 ? dense : 0);
  if (dense === 0 && count === 0 && shared === 0) return null;
  const up = parts.get('ffn_up');
  const fused = up !== undefined && up.dims[1] === 2 * dense;
  const gated =
    fused || [...parts.keys()].some((part) => /^ffn_gate(_up)?(_exps|\.\d+|_shexp)?$/u.test(part));
  return {
    kind: gated ? 'gated' : 'plain',
    intermediate: count > 0 ? 0 : dense,
    moe:
      count === 0
        ? null
        : {
            experts: count,
            active: Math.min(active, count),
            intermediate: experts?.dims[0] ?? width('ffn_down.0'),
            shared,
          },
  };
}
