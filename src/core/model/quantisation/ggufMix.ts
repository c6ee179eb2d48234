import { ggmlType, type GgmlTypeName } from '../ggmlTypes';

/*
 * The type that llama-quantize gives each tensor under a named mix. Source: src/llama-quant.cpp of llama.cpp at 0c1e57098
 * (2026); its choices are recorded by tools/oracle/gguf and compared tensor by tensor in the tests. The rules depend on
 * the tensor's name and row length, on how far through the layers it is, and on a few facts of the whole model.
 */

/** Type that a mix gives to every tensor for which it has no better idea (llama_ftype_get_default_type). */
const baseTypes = {
  F32: 'F32',
  F16: 'F16',
  BF16: 'BF16',
  Q1_0: 'Q1_0',
  Q2_0: 'Q2_0',
  Q4_0: 'Q4_0',
  Q4_1: 'Q4_1',
  Q5_0: 'Q5_0',
  Q5_1: 'Q5_1',
  Q8_0: 'Q8_0',
  Q2_K: 'Q2_K',
  Q2_K_S: 'Q2_K',
  Q3_K_S: 'Q3_K',
  Q3_K_M: 'Q3_K',
  Q3_K_L: 'Q3_K',
  Q4_K_S: 'Q4_K',
  Q4_K_M: 'Q4_K',
  Q5_K_S: 'Q5_K',
  Q5_K_M: 'Q5_K',
  Q6_K: 'Q6_K',
  IQ1_S: 'IQ1_S',
  IQ1_M: 'IQ1_M',
  IQ2_XXS: 'IQ2_XXS',
  IQ2_XS: 'IQ2_XS',
  IQ2_S: 'IQ2_XS',
  IQ2_M: 'IQ2_S',
  IQ3_XXS: 'IQ3_XXS',
  IQ3_XS: 'IQ3_S',
  IQ3_S: 'IQ3_S',
  IQ3_M: 'IQ3_S',
  IQ4_NL: 'IQ4_NL',
  IQ4_XS: 'IQ4_XS',
  TQ1_0: 'TQ1_0',
  TQ2_0: 'TQ2_0',
  MXFP4_MOE: 'MXFP4',
  NVFP4: 'NVFP4',
} as const satisfies Readonly<Record<string, GgmlTypeName>>;

/** A mix by the name that llama-quantize takes; NVFP4 is made by the converter from a checkpoint that has it. */
export type GgufMix = keyof typeof baseTypes;

export const ggufMixes = Object.keys(baseTypes) as readonly GgufMix[];

/** Other names that people and tools give the same mixes. */
const aliases: Readonly<Record<string, GgufMix>> = {
  Q3_K: 'Q3_K_M',
  Q4_K: 'Q4_K_M',
  Q5_K: 'Q5_K_M',
  FP16: 'F16',
  FP32: 'F32',
  MXFP4: 'MXFP4_MOE',
};

/** The mix with this name in any case (`q4_K_M`, `fp16`), or null when llama-quantize knows none such. */
export function ggufMix(name: string): GgufMix | null {
  const upper = name.toUpperCase();
  if (Object.hasOwn(baseTypes, upper)) return upper as GgufMix;
  return Object.hasOwn(aliases, upper) ? (aliases[upper] ?? null) : null;
}

/** What of the whole model decides types. */
export interface MixFacts {
  /** llama.cpp's architecture: `general.architecture`. */
  readonly architecture: string;
  /** `block_count`, layers for multi-token prediction included. */
  readonly layers: number;
  /** Query heads of the first layer. */
  readonly heads: number;
  /** Key-value heads of the first layer; 0 when it has no attention, 1 when it keeps the latent of MLA. */
  readonly kvHeads: number;
  /** Routed experts of a layer; 0 in a dense model. */
  readonly experts: number;
}

export interface MixTensor {
  /** llama.cpp's name. */
  readonly name: string;
  /** torch's order: [out, in], experts first. */
  readonly shape: readonly number[];
  /** Type before quantising: what the tensor keeps if it is not touched. */
  readonly type: GgmlTypeName;
}

/** Mixes of types that llama-quantize refuses to make without an importance matrix (tensor_requires_imatrix). */
export function needsImportanceMatrix(mix: GgufMix): boolean {
  return /^IQ[12]_|^IQ3_XX?S$|^Q2_K_S$/u.test(mix);
}

/**
 * The type of each tensor after `llama-quantize [--imatrix …] MODEL MIX`, in the order given. The model must be one that
 * was not quantised before.
 */
export function mixTypes(
  mix: GgufMix,
  facts: MixFacts,
  tensors: readonly MixTensor[],
  importanceMatrix: boolean,
): readonly GgmlTypeName[] {
  const base = baseTypes[mix];
  const kinds = tensors.map((tensor) => kindOf(tensor.name));
  const model: Model = {
    ...facts,
    mix,
    base,
    importanceMatrix,
    tied: !kinds.includes('output'),
    grouped: facts.kvHeads === 0 ? 0 : Math.floor(facts.heads / facts.kvHeads),
    valueTensors: kinds.filter((kind) => kind === 'value').length,
    sevenTimesTen: hasSeventyBillion(facts),
  };
  const types = tensors.map((tensor) => tensor.type);
  const seen: Record<Counted, number> = { value: 0, down: 0, gate: 0, up: 0 };
  for (const index of inQuantisingOrder(tensors)) {
    const tensor = tensors[index];
    const kind = kinds[index];
    if (tensor === undefined || kind === undefined || !isQuantised(tensor, facts.architecture)) continue;
    types[index] =
      ggmlType(base).dtype === null ? fitting(choose(model, kind, tensor, seen), rowOf(tensor)) : base;
  }
  return types;
}

interface Model extends MixFacts {
  readonly mix: GgufMix;
  readonly base: GgmlTypeName;
  readonly importanceMatrix: boolean;
  /** The output layer uses the token embedding. */
  readonly tied: boolean;
  /** Query heads to a key-value head. */
  readonly grouped: number;
  readonly valueTensors: number;
  readonly sevenTimesTen: boolean;
}

type Kind =
  | 'output'
  | 'embedding'
  | 'value' // attention values, also fused with others
  | 'key'
  | 'query'
  | 'attentionOutput'
  | 'up'
  | 'gate'
  | 'down'
  | 'other';

/** Kinds whose place among their like decides. */
type Counted = 'value' | 'down' | 'gate' | 'up';

function kindOf(name: string): Kind {
  if (name === 'output.weight') return 'output';
  if (name === 'token_embd.weight' || name === 'per_layer_token_embd.weight') return 'embedding';
  if (/attn_(qkv|kv_b|v)\.weight/u.test(name)) return 'value';
  if (name.includes('attn_k.weight')) return 'key';
  if (name.includes('attn_q.weight')) return 'query';
  if (name.includes('attn_output.weight')) return 'attentionOutput';
  if (name.includes('ffn_up')) return 'up';
  if (name.includes('ffn_gate')) return 'gate';
  return name.includes('ffn_down') ? 'down' : 'other';
}

/** Parts of names that llama-quantize leaves as they are (tensor_allows_quantization): routers, small or recurrent matrices. */
const untouched = [
  '_norm.weight',
  'ffn_gate_inp.weight',
  'ffn_gate_tid2eid.weight',
  'altup',
  'laurel',
  'per_layer_model_proj',
  'ssm_conv1d',
  'shortconv.conv.weight',
  'indexer.k_proj.weight',
  'indexer.q_proj.weight',
  'time_mix_first.weight',
  'time_mix_w0.weight',
  'time_mix_w1.weight',
  'time_mix_w2.weight',
  'time_mix_v0.weight',
  'time_mix_v1.weight',
  'time_mix_v2.weight',
  'time_mix_a0.weight',
  'time_mix_a1.weight',
  'time_mix_a2.weight',
  'time_mix_g1.weight',
  'time_mix_g2.weight',
  'time_mix_decay_w1.weight',
  'time_mix_decay_w2.weight',
  'time_mix_lerp_fused.weight',
  'attn_rel_b.weight',
  '.position_embd',
  'sam.pos_embd',
  'sam.neck.',
  'sam.net_',
  '.rel_pos',
  '.patch_embd',
  '.patch_merger',
  'a.rvq.codebook',
  'mm.a.code_embd',
];

/** The same for the one architecture that has a list of its own. */
const untouchedInGlm5Next = [
  'hc_',
  'indexer.attn_q_b',
  'indexer.attn_k',
  'indexer.proj',
  'indexer_compressor_gate',
  'indexer_compressor_ape',
  'ssm_f_a.weight',
  'ssm_f_b.weight',
  'ssm_g_a.weight',
  'ssm_g_b.weight',
  'ssm_beta.weight',
  'attn_kv_a_mqa.weight',
  'attn_k_b.weight',
  'attn_v_b.weight',
];

function isQuantised({ name, shape }: MixTensor, architecture: string): boolean {
  // Dimensions as ggml counts them: outer ones of size 1 are none.
  const outer = shape.findIndex((size) => size !== 1);
  if (outer === -1 || shape.length - outer < 2) return false;
  if (!name.endsWith('weight') || name === 'position_embd.weight' || name === 'token_types.weight')
    return false;
  if (architecture === 'glm5-next' && untouchedInGlm5Next.some((part) => name.includes(part))) return false;
  return !untouched.some((part) => name.includes(part));
}

/** Elements of a row: the contiguous dimension, along which blocks lie. */
function rowOf(tensor: MixTensor): number {
  return tensor.shape.at(-1) ?? 1;
}

/** By layer, then by name: the order in which llama.cpp goes through a model's tensors. */
function inQuantisingOrder(tensors: readonly MixTensor[]): readonly number[] {
  const keys = tensors.map(({ name }, index) => ({ name, index, layer: layerOf(name) ?? -1 }));
  keys.sort((a, b) => a.layer - b.layer || (a.name < b.name ? -1 : 1));
  return keys.map((key) => key.index);
}

function layerOf(name: string): number | null {
  const match = /^blk\.(\d+)\./u.exec(name);
  return match === null ? null : Number(match[1]);
}

/** Models that llama.cpp calls 70B: it does so by architecture and number of layers. */
function hasSeventyBillion({ architecture, layers, heads, kvHeads }: MixFacts): boolean {
  switch (architecture) {
    case 'llama':
    case 'llama-embed':
      return layers === 80 && heads !== kvHeads;
    case 'deci':
    case 'olmo':
    case 'qwen2':
      return layers === 80;
    case 'jais2':
      return layers === 68;
    default:
      return false;
  }
}

function choose(model: Model, kind: Kind, tensor: MixTensor, seen: Record<Counted, number>): GgmlTypeName {
  const { mix, base, architecture } = model;
  if (architecture === 'glm5-next' && /attn_q_[ab]|nextn\.eh_proj/u.test(tensor.name)) return 'Q8_0';
  if (mix === 'NVFP4') return kind === 'output' || kind === 'embedding' ? tensor.type : base;
  if (kind === 'output' || (kind === 'embedding' && model.tied)) return outputType(model, tensor);
  if (mix === 'MXFP4_MOE') return isStackOfExperts(model, kind, tensor) ? 'MXFP4' : 'Q8_0';
  switch (kind) {
    case 'embedding':
      return embeddings[mix] ?? base;
    case 'value':
      return valueType(model, seen.value++);
    case 'key':
      return keyType(model);
    case 'query':
      return belowThreeBits(mix) ? base : (queries[mix] ?? base);
    case 'attentionOutput':
      return attentionOutputType(model);
    case 'down':
      return downType(model, placeOf(model, tensor, seen.down++));
    case 'gate':
      return gateOrUpType(model, placeOf(model, tensor, seen.gate++));
    case 'up':
      return gateOrUpType(model, placeOf(model, tensor, seen.up++));
    case 'other':
      return base;
  }
}

function isStackOfExperts({ architecture }: Model, kind: Kind, { shape }: MixTensor): boolean {
  const stacked = shape.length > 2 && (shape.at(-3) ?? 1) > 1;
  return stacked && (architecture !== 'bailingmoe3' || kind === 'up' || kind === 'gate' || kind === 'down');
}

/**
 * Where a tensor stands: its number among its kind. With experts, where a layer has several of a kind, it is the layer;
 * but not below three bits.
 */
function placeOf(model: Model, tensor: MixTensor, count: number): number {
  return model.experts > 1 && !belowThreeBits(model.mix) ? (layerOf(tensor.name) ?? count) : count;
}

/** The layers that mixes favour: the first and the last eighth, and every third between. */
function isFavoured(place: number, count: number): boolean {
  const eighth = Math.floor(count / 8);
  return place < eighth || place >= Math.floor((7 * count) / 8) || (place - eighth) % 3 === 2;
}

function isEarly(place: number, count: number, share = 8): boolean {
  return place < Math.floor(count / share);
}

/** The mixes of one or two bits, which share a scheme of their own. */
function belowThreeBits(mix: GgufMix): boolean {
  return mix.startsWith('IQ1_') || mix.startsWith('IQ2_');
}

function outputType({ mix, base, architecture }: Model, tensor: MixTensor): GgmlTypeName {
  if (mix === 'MXFP4_MOE' || architecture === 'falcon') return 'Q8_0';
  if (rowOf(tensor) % ggmlType(base).blockElements !== 0) return 'Q8_0';
  if (belowThreeBits(mix) || mix === 'IQ3_XXS') return 'Q5_K';
  return base === 'Q8_0' ? base : 'Q6_K';
}

const embeddings: Partial<Readonly<Record<GgufMix, GgmlTypeName>>> = {
  IQ1_S: 'Q2_K',
  IQ1_M: 'Q2_K',
  IQ2_XXS: 'Q2_K',
  IQ2_XS: 'Q2_K',
  IQ2_S: 'IQ3_S',
  IQ2_M: 'IQ3_S',
  IQ3_XXS: 'IQ3_S',
  TQ1_0: 'Q4_K',
  TQ2_0: 'Q4_K',
  Q2_0: 'Q4_K',
};

const queries: Partial<Readonly<Record<GgufMix, GgmlTypeName>>> = { IQ3_XS: 'IQ3_XXS', IQ3_XXS: 'IQ2_S' };

/** The two larger of the mixes below three bits fall back on this where the smaller ones use two bits. */
function wider(mix: GgufMix): boolean {
  return mix === 'IQ2_S' || mix === 'IQ2_M';
}

function valueType(model: Model, place: number): GgmlTypeName {
  const { mix, grouped, experts } = model;
  if (belowThreeBits(mix)) {
    if (grouped >= 4 || experts >= 4) return 'Q4_K';
    return wider(mix) ? 'IQ3_S' : 'Q2_K';
  }
  if (experts === 8) return 'Q8_0';
  const type = plainValueType(model, place);
  // Eight query heads share one value head there, so more bits cost little.
  return model.sevenTimesTen && (type === 'Q3_K' || type === 'Q4_K') ? 'Q5_K' : type;
}

function plainValueType(model: Model, place: number): GgmlTypeName {
  const { mix, base, grouped, importanceMatrix, valueTensors } = model;
  const shared = grouped >= 4;
  switch (mix) {
    case 'Q2_K':
      return shared ? 'Q4_K' : 'Q3_K';
    case 'Q2_K_S':
    case 'IQ3_XS':
    case 'IQ3_S':
      return shared ? 'Q4_K' : base;
    case 'IQ3_XXS':
      if (shared) return 'Q4_K';
      return importanceMatrix ? 'IQ3_XXS' : 'IQ3_S';
    case 'IQ3_M':
      return 'Q4_K';
    case 'Q3_K_M':
      return place < 2 ? 'Q5_K' : 'Q4_K';
    case 'Q3_K_L':
      return 'Q5_K';
    case 'IQ4_NL':
    case 'IQ4_XS':
      return shared ? 'Q5_K' : base;
    case 'Q4_K_S':
      return place < 4 ? 'Q5_K' : base;
    case 'Q4_K_M':
    case 'Q5_K_M':
      return isFavoured(place, valueTensors) ? 'Q6_K' : base;
    default:
      return base;
  }
}

function keyType({ mix, base, experts }: Model): GgmlTypeName {
  if (belowThreeBits(mix)) return experts === 8 ? 'Q4_K' : base;
  return experts === 8 ? 'Q8_0' : (queries[mix] ?? base);
}

/** With eight experts the attention is a small part of the model, and these mixes spend more on it. */
const outputsBesideEightExperts: ReadonlySet<GgufMix> = new Set<GgufMix>([
  'Q2_K',
  'Q3_K_S',
  'Q3_K_M',
  'Q4_K_S',
  'Q4_K_M',
  'IQ3_XXS',
  'IQ3_XS',
  'IQ3_S',
  'IQ3_M',
  'IQ4_NL',
  'IQ4_XS',
]);

const attentionOutputs: Partial<Readonly<Record<GgufMix, GgmlTypeName>>> = {
  IQ1_S: 'IQ2_XXS',
  IQ1_M: 'IQ2_XXS',
  IQ2_S: 'IQ3_S',
  IQ2_M: 'IQ3_S',
  IQ3_XXS: 'IQ3_S',
  Q2_K: 'Q3_K',
  Q3_K_M: 'Q4_K',
  Q3_K_L: 'Q5_K',
  IQ3_M: 'Q4_K',
};

function attentionOutputType({ mix, base, experts, architecture }: Model): GgmlTypeName {
  if (belowThreeBits(mix)) return experts === 8 ? 'Q5_K' : (attentionOutputs[mix] ?? base);
  if (architecture === 'falcon') return mix === 'Q3_K_L' ? 'Q4_K' : base;
  if (experts === 8) return outputsBesideEightExperts.has(mix) ? 'Q5_K' : base;
  return attentionOutputs[mix] ?? base;
}

function downType(model: Model, place: number): GgmlTypeName {
  const { mix, base, layers, importanceMatrix, experts } = model;
  const falcon = model.architecture === 'falcon';
  const early = isEarly(place, layers);
  const favoured = isFavoured(place, layers);
  switch (mix) {
    case 'IQ1_S':
    case 'IQ1_M':
    case 'IQ2_XXS':
    case 'IQ2_XS':
      return early ? 'Q2_K' : base;
    case 'IQ2_S':
    case 'IQ2_M':
      return early ? 'IQ3_S' : base;
    case 'Q2_K':
      return 'Q3_K';
    case 'Q2_K_S':
      return early ? 'Q4_K' : base;
    case 'IQ3_XXS':
      if (importanceMatrix) return base;
      return early ? 'Q4_K' : 'Q3_K';
    case 'IQ3_M':
      return early || (experts === 8 && favoured) ? 'Q4_K' : base;
    case 'Q3_K_M':
      if (isEarly(place, layers, 16)) return 'Q5_K';
      return !falcon || favoured ? 'Q4_K' : 'Q3_K';
    case 'Q3_K_L':
      return falcon ? 'Q4_K' : 'Q5_K';
    case 'Q4_K_S':
      return early && !falcon ? 'Q5_K' : base;
    case 'Q4_K_M':
      if (!falcon) return favoured ? 'Q6_K' : base;
      if (isEarly(place, layers, 16)) return 'Q6_K';
      return favoured ? 'Q5_K' : base;
    case 'Q5_K_M':
      return favoured ? 'Q6_K' : base;
    case 'IQ4_NL':
    case 'IQ4_XS':
      return early && !importanceMatrix ? 'Q5_K' : base;
    case 'Q4_0':
      return early && importanceMatrix ? 'Q4_1' : base;
    case 'Q5_0':
      return early && importanceMatrix ? 'Q5_1' : base;
    default:
      return base;
  }
}

function gateOrUpType({ mix, base, layers }: Model, place: number): GgmlTypeName {
  const inner = !isEarly(place, layers) && place < Math.floor((7 * layers) / 8);
  return mix === 'IQ3_XS' && inner ? 'IQ3_XXS' : base;
}

/** What is taken where a row is no multiple of the block of 256 (tensor_type_fallback): a type with blocks of 32. */
const fallbacks: Partial<Readonly<Record<GgmlTypeName, GgmlTypeName>>> = {
  IQ1_S: 'IQ4_NL',
  IQ1_M: 'IQ4_NL',
  IQ2_XXS: 'IQ4_NL',
  IQ2_XS: 'IQ4_NL',
  IQ2_S: 'IQ4_NL',
  IQ3_XXS: 'IQ4_NL',
  IQ3_S: 'IQ4_NL',
  IQ4_XS: 'IQ4_NL',
  Q2_0: 'Q4_0',
  Q2_K: 'Q4_0',
  Q3_K: 'Q4_0',
  TQ1_0: 'Q4_0',
  TQ2_0: 'Q4_0',
  Q4_K: 'Q5_0',
  Q5_K: 'Q5_1',
  Q6_K: 'Q8_0',
};

function fitting(type: GgmlTypeName, row: number): GgmlTypeName {
  if (row % ggmlType(type).blockElements === 0) return type;
  const fallback = fallbacks[type] ?? type;
  return row % ggmlType(fallback).blockElements === 0 ? fallback : 'F16';
}
