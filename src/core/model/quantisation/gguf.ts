import type { Blueprint, TensorSpec } from '../blueprint';
import { ggmlBytes, ggmlType } from '../ggmlTypes';
import { elements } from '../parameters';
import { type GgufCategory, type GgufMix, ggufMix, ggufTensorType, type MixModel } from './ggufMix';
import { type Matrices, matricesOf, type Method, type StoredForm } from './method';

const nothing: StoredForm = { bytes: 0, format: 'not converted' };

/** What llama.cpp's converter makes of a tensor: the category its types are chosen by. */
function categoryOf(tensor: TensorSpec): GgufCategory {
  switch (tensor.role) {
    case 'embedding':
      return 'embedding';
    case 'head':
      return 'output';
    case 'q':
      return 'q';
    case 'k':
      return 'k';
    case 'v':
    case 'qkv':
      return 'v';
    case 'o':
      return 'attentionOutput';
    case 'gate':
      return 'gate';
    case 'up':
    case 'gateUp':
      return 'up';
    case 'down':
      return 'down';
    case 'position':
    case 'router':
    case 'norm':
    case 'classifier':
    case 'recurrent':
    case 'projector':
    case 'pooler':
    case 'other':
      return 'other';
  }
}

/** Tensors that the converter drops: an encoder's pooler and language heads, and buffers. */
function dropped(tensor: TensorSpec, generates: boolean, classifies: boolean): boolean {
  if (tensor.module === 'buffer' || tensor.tiedTo !== null) return true;
  if (generates) return false;
  return tensor.role === 'pooler' || tensor.role === 'head' || (tensor.role === 'classifier' && !classifies);
}

function factsOf(blueprint: Blueprint, kept: readonly TensorSpec[], imatrix: boolean): MixModel {
  const attention = blueprint.layers.find((layer) => layer.attention !== null)?.attention ?? null;
  const experts = blueprint.layers.reduce((most, layer) => Math.max(most, layer.mlp?.moe?.experts ?? 0), 0);
  const layers = blueprint.layers.length;
  const llamaLike = ['llama', 'mistral', 'mixtral', 'qwen2'].includes(blueprint.modelType);
  const gqa = attention === null ? 1 : attention.queryHeads / attention.kvHeads;
  return {
    falcon: blueprint.modelType === 'falcon',
    is70B: llamaLike && layers === 80 && gqa > 1,
    layers,
    gqa,
    experts,
    attentionLayers: kept.filter((tensor) => isAttentionValue(tensor)).length,
    tied: !kept.some((tensor) => tensor.role === 'head'),
    imatrix,
  };
}

function isAttentionValue(tensor: TensorSpec): boolean {
  return (tensor.role === 'v' || tensor.role === 'qkv') && matricesOf(tensor) !== null;
}

/** Rows and width of what the converter writes with the width's blocks; null = kept in F32. */
function quantisable(tensor: TensorSpec): Matrices | null {
  if (tensor.role === 'embedding' && tensor.shape.length === 2) {
    const [outputs = 0, inputs = 0] = tensor.shape;
    return { count: 1, outputs, inputs };
  }
  if (tensor.role === 'router' || tensor.role === 'position') return null;
  return matricesOf(tensor);
}

/**
 * GGUF under one of llama.cpp's mixes. Matrices get the type that its quantiser chooses by what they are and where;
 * norms, biases, routers, positions and other small tensors stay F32. Tied output layers are not written.
 */
export const gguf: Method = {
  names: ['gguf'],
  reachesFusedExperts: true,
  forModel({ blueprint, quantization }) {
    const mix: GgufMix = ggufMix(quantization.type ?? 'Q4_K_M') ?? 'Q4_K_M';
    const generates = blueprint.task === 'generate';
    const classifies = blueprint.task === 'classify';
    const kept = blueprint.tensors.filter((tensor) => !dropped(tensor, generates, classifies));
    const written = new Set(kept);
    const model = factsOf(blueprint, kept, quantization.imatrix ?? false);
    const attentionIndex = new Map<string, number>();
    for (const tensor of kept)
      if (isAttentionValue(tensor)) attentionIndex.set(tensor.name, attentionIndex.size);
    return (tensor) => {
      if (!written.has(tensor)) return nothing;
      const matrices = quantisable(tensor);
      if (matrices === null) return { bytes: 4 * elements(tensor.shape), format: 'F32' };
      const type = ggufTensorType(mix, model, {
        category: categoryOf(tensor),
        layer: tensor.layer ?? 0,
        attentionIndex: attentionIndex.get(tensor.name) ?? 0,
        width: matrices.inputs,
        stacked: tensor.module === 'experts',
      });
      const bytes = ggmlBytes(ggmlType(type), matrices.inputs, elements(tensor.shape));
      return { bytes: bytes ?? 2 * elements(tensor.shape), format: type };
    };
  },
};
