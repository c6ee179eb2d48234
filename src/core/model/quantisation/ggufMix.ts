import { type GgmlTypeName, ggmlType } from '../ggmlTypes';

/** What a tensor is to llama.cpp's choice of types (llama-quant.cpp, `tensor_category`). */
export type GgufCategory =
  'embedding' | 'output' | 'q' | 'k' | 'v' | 'attentionOutput' | 'gate' | 'up' | 'down' | 'other';

/** The facts of a model that the choice looks at. */
export interface MixModel {
  readonly falcon: boolean;
  /** llama.cpp's own class of 80-layer llamas and qwens with grouped queries. */
  readonly is70B: boolean;
  readonly layers: number;
  /** Query heads per KV head. */
  readonly gqa: number;
  readonly experts: number;
  /** Number of attention values (or fused qkv) in the model. */
  readonly attentionLayers: number;
  /** No output tensor: the embedding is quantised as one. */
  readonly tied: boolean;
  readonly imatrix: boolean;
}

/** Where a tensor stands. */
export interface MixPlace {
  readonly category: GgufCategory;
  readonly layer: number;
  /** Running number among the attention values. */
  readonly attentionIndex: number;
  /** Width of a row: the inputs of the matrix. */
  readonly width: number;
  /** Stacked experts. */
  readonly stacked: boolean;
}

/** File type -> the type that most tensors get (llama-quant.cpp, `llama_ftype_get_default_type`). */
const defaults = {
  F32: 'F32',
  F16: 'F16',
  BF16: 'BF16',
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
  Q1_0: 'Q1_0',
  Q2_0: 'Q2_0',
  MXFP4_MOE: 'MXFP4',
  NVFP4: 'NVFP4',
} as const satisfies Readonly<Record<string, GgmlTypeName>>;

export type GgufMix = keyof typeof defaults;

/** Short names that people use for a mix. */
const aliases: Readonly<Record<string, GgufMix>> = {
  Q3_K: 'Q3_K_M',
  Q4_K: 'Q4_K_M',
  Q5_K: 'Q5_K_M',
  MXFP4: 'MXFP4_MOE',
  FP16: 'F16',
};

/** The mix of that name, whatever its case; null when there is none. */
export function ggufMix(name: string): GgufMix | null {
  const upper = name.toUpperCase();
  if (Object.hasOwn(defaults, upper)) return upper as GgufMix;
  return Object.hasOwn(aliases, upper) ? (aliases[upper] ?? null) : null;
}

/** The type that most tensors of a mix get. */
export function ggufDefault(mix: GgufMix): GgmlTypeName {
  return defaults[mix];
}

/** The first and last eighth of the layers, and every third between them. */
function moreBits(index: number, count: number): boolean {
  const eighth = Math.floor(count / 8);
  return index < eighth || index >= Math.floor((7 * count) / 8) || (index - eighth) % 3 === 2;
}

const smallest: ReadonlySet<GgufMix> = new Set<GgufMix>([
  'IQ2_XXS',
  'IQ2_XS',
  'IQ1_S',
  'IQ2_S',
  'IQ2_M',
  'IQ1_M',
]);

/**
 * The type that llama.cpp gives a tensor under a mix (llama-quant.cpp, `llama_tensor_get_type_impl`, as of 2026), the
 * fallback for rows that the block does not divide included.
 */
export function ggufTensorType(mix: GgufMix, model: MixModel, place: MixPlace): GgmlTypeName {
  const usual = defaults[mix];
  if (usual === 'F32' || usual === 'F16' || usual === 'BF16') return usual;
  return fallback(choose(mix, usual, model, place), place.width);
}

function choose(mix: GgufMix, usual: GgmlTypeName, model: MixModel, place: MixPlace): GgmlTypeName {
  const { category } = place;
  if (category === 'output' || (model.tied && category === 'embedding'))
    return outputType(mix, usual, model, place);
  if (mix === 'MXFP4_MOE') return place.stacked ? 'MXFP4' : 'Q8_0';
  if (category === 'embedding') return embeddingType(mix, usual);
  if (smallest.has(mix)) return smallestType(mix, usual, model, place);
  switch (category) {
    case 'v':
      return valueType(mix, usual, model, place.attentionIndex);
    case 'k':
      if (model.experts === 8) return 'Q8_0';
      return queryType(mix, usual);
    case 'q':
      return queryType(mix, usual);
    case 'down':
      return downType(mix, usual, model, place.layer);
    case 'attentionOutput':
      return attentionOutputType(mix, usual, model);
    case 'gate':
    case 'up': {
      const { layer } = place;
      const middle = layer >= Math.floor(model.layers / 8) && layer < Math.floor((7 * model.layers) / 8);
      return mix === 'IQ3_XS' && middle ? 'IQ3_XXS' : usual;
    }
    case 'other':
      return usual;
  }
}

function outputType(mix: GgufMix, usual: GgmlTypeName, model: MixModel, place: MixPlace): GgmlTypeName {
  if (mix === 'MXFP4_MOE' || model.falcon || place.width % ggmlType(usual).blockElements !== 0) return 'Q8_0';
  if (smallest.has(mix) || mix === 'IQ3_XXS') return 'Q5_K';
  return usual === 'Q8_0' ? 'Q8_0' : 'Q6_K';
}

function embeddingType(mix: GgufMix, usual: GgmlTypeName): GgmlTypeName {
  switch (mix) {
    case 'IQ2_XXS':
    case 'IQ2_XS':
    case 'IQ1_S':
    case 'IQ1_M':
      return 'Q2_K';
    case 'IQ2_S':
    case 'IQ2_M':
    case 'IQ3_XXS':
      return 'IQ3_S';
    case 'TQ1_0':
    case 'TQ2_0':
    case 'Q2_0':
      return 'Q4_K';
    default:
      return usual;
  }
}

function smallestType(mix: GgufMix, usual: GgmlTypeName, model: MixModel, place: MixPlace): GgmlTypeName {
  const larger = mix === 'IQ2_S' || mix === 'IQ2_M';
  switch (place.category) {
    case 'v':
      if (model.gqa >= 4 || model.experts >= 4) return 'Q4_K';
      return larger ? 'IQ3_S' : 'Q2_K';
    case 'k':
      return model.experts === 8 ? 'Q4_K' : usual;
    case 'down':
      if (place.layer >= Math.floor(model.layers / 8)) return usual;
      return larger ? 'IQ3_S' : 'Q2_K';
    case 'attentionOutput':
      if (model.experts === 8) return 'Q5_K';
      if (mix === 'IQ1_S' || mix === 'IQ1_M') return 'IQ2_XXS';
      return larger ? 'IQ3_S' : usual;
    default:
      return usual;
  }
}

function valueType(mix: GgufMix, usual: GgmlTypeName, model: MixModel, index: number): GgmlTypeName {
  if (model.experts === 8) return 'Q8_0';
  const type = valueByMix(mix, usual, model, index);
  return model.is70B && (type === 'Q3_K' || type === 'Q4_K') ? 'Q5_K' : type;
}

function valueByMix(mix: GgufMix, usual: GgmlTypeName, model: MixModel, index: number): GgmlTypeName {
  const grouped = model.gqa >= 4;
  switch (mix) {
    case 'Q2_K':
      return grouped ? 'Q4_K' : 'Q3_K';
    case 'Q2_K_S':
    case 'IQ3_XS':
    case 'IQ3_S':
      return grouped ? 'Q4_K' : usual;
    case 'IQ3_XXS':
      if (grouped) return 'Q4_K';
      return model.imatrix ? 'IQ3_XXS' : 'IQ3_S';
    case 'IQ3_M':
      return 'Q4_K';
    case 'Q3_K_M':
      return index < 2 ? 'Q5_K' : 'Q4_K';
    case 'Q3_K_L':
      return 'Q5_K';
    case 'IQ4_NL':
    case 'IQ4_XS':
      return grouped ? 'Q5_K' : usual;
    case 'Q4_K_M':
    case 'Q5_K_M':
      return moreBits(index, model.attentionLayers) ? 'Q6_K' : usual;
    case 'Q4_K_S':
      return index < 4 ? 'Q5_K' : usual;
    default:
      return usual;
  }
}

function queryType(mix: GgufMix, usual: GgmlTypeName): GgmlTypeName {
  if (mix === 'IQ3_XS') return 'IQ3_XXS';
  return mix === 'IQ3_XXS' ? 'IQ2_S' : usual;
}

function downType(mix: GgufMix, usual: GgmlTypeName, model: MixModel, layer: number): GgmlTypeName {
  const { falcon, layers } = model;
  const early = layer < Math.floor(layers / 8);
  const earliest = layer < Math.floor(layers / 16);
  const more = moreBits(layer, layers);
  switch (mix) {
    case 'Q2_K':
      return 'Q3_K';
    case 'Q2_K_S':
      return early ? 'Q4_K' : usual;
    case 'IQ3_XXS':
      if (model.imatrix) return usual;
      return early ? 'Q4_K' : 'Q3_K';
    case 'Q3_K_M':
      if (earliest) return 'Q5_K';
      return !falcon || more ? 'Q4_K' : 'Q3_K';
    case 'IQ3_M':
      return early || (model.experts === 8 && more) ? 'Q4_K' : usual;
    case 'Q3_K_L':
      return falcon ? 'Q4_K' : 'Q5_K';
    case 'Q4_K_M':
      if (!falcon) return more ? 'Q6_K' : usual;
      if (earliest) return 'Q6_K';
      return more ? 'Q5_K' : 'Q4_K';
    case 'IQ4_NL':
    case 'IQ4_XS':
      return early && !model.imatrix ? 'Q5_K' : usual;
    case 'Q5_K_M':
      return more ? 'Q6_K' : usual;
    case 'Q4_K_S':
      return !falcon && early ? 'Q5_K' : usual;
    case 'Q4_0':
      return model.imatrix && early ? 'Q4_1' : usual;
    case 'Q5_0':
      return model.imatrix && early ? 'Q5_1' : usual;
    default:
      return usual;
  }
}

const eightExperts: ReadonlySet<GgufMix> = new Set<GgufMix>([
  'Q2_K',
  'IQ3_XS',
  'IQ3_XXS',
  'Q3_K_S',
  'Q3_K_M',
  'IQ4_NL',
  'Q4_K_S',
  'Q4_K_M',
  'IQ3_S',
  'IQ3_M',
  'IQ4_XS',
]);

function attentionOutputType(mix: GgufMix, usual: GgmlTypeName, model: MixModel): GgmlTypeName {
  if (model.falcon) return mix === 'Q3_K_L' ? 'Q4_K' : usual;
  if (model.experts === 8) return eightExperts.has(mix) ? 'Q5_K' : usual;
  switch (mix) {
    case 'Q2_K':
      return 'Q3_K';
    case 'IQ3_XXS':
      return 'IQ3_S';
    case 'Q3_K_M':
    case 'IQ3_M':
      return 'Q4_K';
    case 'Q3_K_L':
      return 'Q5_K';
    default:
      return usual;
  }
}

/** Types for rows that the block of 256 does not divide (`tensor_type_fallback`). */
function fallback(type: GgmlTypeName, width: number): GgmlTypeName {
  if (width % ggmlType(type).blockElements === 0) return type;
  const smaller = smallerBlock(type);
  return width % ggmlType(smaller).blockElements === 0 ? smaller : 'F16';
}

function smallerBlock(type: GgmlTypeName): GgmlTypeName {
  switch (type) {
    case 'IQ1_S':
    case 'IQ1_M':
    case 'IQ2_XXS':
    case 'IQ2_XS':
    case 'IQ2_S':
    case 'IQ3_XXS':
    case 'IQ3_S':
    case 'IQ4_XS':
      return 'IQ4_NL';
    case 'Q2_0':
    case 'Q2_K':
    case 'Q3_K':
    case 'TQ1_0':
    case 'TQ2_0':
      return 'Q4_0';
    case 'Q4_K':
      return 'Q5_0';
    case 'Q5_K':
      return 'Q5_1';
    case 'Q6_K':
      return 'Q8_0';
    default:
      return 'F16';
  }
}
