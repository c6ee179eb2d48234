import type { Blueprint, LayerSpec, TensorSpec } from '../blueprint';
import { findGgmlType, type GgmlTypeName } from '../ggmlTypes';
import { matricesOf } from './method';
import type { MixFacts, MixTensor } from './ggufMix';

/** A tensor of the GGUF file that llama.cpp's converter makes of a model. */
export interface LayoutTensor extends MixTensor {
  /** The Blueprint's tensor that it comes from, or a part of it. */
  readonly source: TensorSpec;
}

export interface GgufLayout {
  readonly facts: MixFacts;
  readonly tensors: readonly LayoutTensor[];
}

/**
 * A model as convert_hf_to_gguf writes it, 16 bits a weight: names of the matrices as llama.cpp has them, stacked experts
 * with gate and up apart, MLA's kv_b split in two, routers, convolutions, positions and vectors in F32; no buffers, no tied
 * output, no vision tower (that is a file of its own), no pooler. Vectors keep the library's names: their type depends on
 * nothing. Source: conversion/base.py (prepare_tensors) and gguf-py tensor_mapping.py of llama.cpp at 0c1e57098.
 * A Blueprint that was read from a GGUF file is that file's own layout.
 */
export function ggufLayout(blueprint: Blueprint): GgufLayout {
  const fromFile = blueprint.library === 'llama.cpp';
  const tensors: LayoutTensor[] = [];
  for (const source of blueprint.tensors) {
    if (source.tiedTo !== null) continue;
    if (fromFile) tensors.push({ name: source.name, shape: source.shape, type: unquantised(source), source });
    else if (!isLeftOut(source, blueprint)) tensors.push(...written(source, blueprint));
  }
  return { facts: factsOf(blueprint), tensors };
}

/** Type of a file's tensor before any quantising; what is quantised already counts as 16-bit. */
function unquantised({ storage, dtype }: TensorSpec): GgmlTypeName {
  const type = findGgmlType(storage?.type ?? dtype ?? 'F16');
  return type === null || type.dtype === null ? 'F16' : type.name;
}

/** What the converter drops: most buffers, what belongs in the projector's file, and heads of tasks that llama.cpp has not. */
function isLeftOut(tensor: TensorSpec, { task }: Blueprint): boolean {
  // The bias that balances experts is a buffer of the library's and a tensor of the file's (exp_probs_b).
  if (tensor.module === 'buffer') return !/\b(?:e_score_correction_bias|expert_bias)$/u.test(tensor.name);
  if (!['text', 'encoder', 'decoder'].includes(tensor.component)) return true;
  if (task === 'generate') return false;
  return (
    tensor.role === 'pooler' ||
    tensor.role === 'head' ||
    /^(?:cls|lm_head)\.(?:\w+\.)*\w*layer_?norm\./iu.test(tensor.name) ||
    (tensor.role === 'classifier' && task !== 'classify')
  );
}

/** Names of the matrices of a layer by what they are. */
const parts: Partial<Readonly<Record<TensorSpec['role'], string>>> = {
  q: 'attn_q',
  k: 'attn_k',
  v: 'attn_v',
  qkv: 'attn_qkv',
  o: 'attn_output',
  gate: 'ffn_gate',
  up: 'ffn_up',
  gateUp: 'ffn_up',
  down: 'ffn_down',
  router: 'ffn_gate_inp',
};

/** Matrices whose role alone does not name them, by the end of the library's name. */
const special: readonly (readonly [ending: RegExp, part: string])[] = [
  [/\bq_a_proj$/u, 'attn_q_a'],
  [/\bq_b_proj$/u, 'attn_q_b'],
  [/\bkv_a_proj_with_mqa$/u, 'attn_kv_a_mqa'],
  [/\brelative_attention_bias$/u, 'attn_rel_b'],
  [/\bconv1d$/u, 'ssm_conv1d'],
  [/\b(?:mixer|mamba)\.in_proj$/u, 'ssm_in'],
  [/\b(?:mixer|mamba)\.x_proj$/u, 'ssm_x'],
  [/\b(?:mixer|mamba)\.dt_proj$/u, 'ssm_dt'],
  [/\b(?:mixer|mamba|linear_attn)\.out_proj$/u, 'ssm_out'],
  [/\blinear_attn\.in_proj_ba$/u, 'ssm_ba'],
  [/\blinear_attn\.in_proj_b$/u, 'ssm_beta'],
  [/\blinear_attn\.in_proj_a$/u, 'ssm_alpha'],
  [/\blinear_attn\.in_proj_qkv$/u, 'attn_qkv'],
  [/\blinear_attn\.in_proj_z$/u, 'attn_gate'],
  [/\bconv\.conv$/u, 'shortconv.conv'],
  [/\bconv\.in_proj$/u, 'shortconv.in_proj'],
  [/\bconv\.out_proj$/u, 'shortconv.out_proj'],
  [/\baltup\.correction_coefs$/u, 'altup_correct_coef'],
  [/\baltup\.prediction_coefs$/u, 'altup_predict_coef'],
  [/\baltup\.modality_router$/u, 'altup_router'],
  [/\blaurel\.linear_left$/u, 'laurel_l'],
  [/\blaurel\.linear_right$/u, 'laurel_r'],
  [/\bper_layer_input_gate$/u, 'inp_gate'],
  [/\bper_layer_projection$/u, 'proj'],
];

/** Kept in 32 bits by the converter, whatever their shape. */
const keptWide = /^(ffn_gate_inp|ssm_conv1d|shortconv\.conv|altup_(correct|predict)_coef)$/u;

type Make = (part: string, shape: readonly number[]) => LayoutTensor;

function written(tensor: TensorSpec, blueprint: Blueprint): readonly LayoutTensor[] {
  const matrix = matrixOf(tensor);
  if (tensor.layer === null) {
    const type = matrix === null ? 'F32' : 'F16';
    return [{ name: outerName(tensor), shape: matrix ?? tensor.shape, type, source: tensor }];
  }
  if (matrix === null)
    return [{ name: vectorName(tensor), shape: tensor.shape, type: 'F32', source: tensor }];
  const block = `${tensor.component === 'text' ? '' : `${tensor.component.slice(0, 3)}.`}blk.${tensor.layer}.`;
  const wide = (part: string): boolean =>
    // dbrx has its own rule: everything with two dimensions is 16-bit (conversion/dbrx.py).
    keptWide.test(part) && !(part === 'ffn_gate_inp' && blueprint.modelType === 'dbrx');
  const make: Make = (part, shape) => ({
    name: `${block}${part}.weight`,
    shape,
    type: wide(part) ? 'F32' : 'F16',
    source: tensor,
  });
  const module = tensor.name.replace(/\.weight$/u, '');
  if (tensor.module === 'experts') return expertParts(tensor, matrix, blueprint, make);
  if (/\bkv_b_proj$/u.test(module)) return latentParts(tensor, matrix, blueprint, make);
  if (/\bin_proj_qkvz$/u.test(module)) return gatedDeltaParts(module, matrix, blueprint, make);
  const shared = isShared(tensor, module, blueprint) ? '_shexp' : '';
  if (/\bshared_mlp\.input_linear$/u.test(module)) {
    const half = [(matrix[0] ?? 0) / 2, matrix[1] ?? 0];
    return [make(`ffn_gate${shared}`, half), make(`ffn_up${shared}`, half)];
  }
  return [make(partOf(tensor, module) + shared, matrix)];
}

/** An MLP that every token passes beside routed experts; Granite gives the only MLP of a dense model the same name. */
function isShared(tensor: TensorSpec, module: string, { layers }: Blueprint): boolean {
  if (/\bshared_experts?\b/u.test(module)) return true;
  if (!/\bshared_mlp\b/u.test(module)) return false;
  return layers.some((layer) => layer.index === tensor.layer && (layer.mlp?.moe ?? null) !== null);
}

/** Mamba's decay is two-dimensional but no matrix: it stays wide, under a name of its own. */
function vectorName({ name, layer, shape }: TensorSpec): string {
  return shape.length === 2 && name.endsWith('.A_log') ? `blk.${layer ?? 0}.ssm_a` : name;
}

function partOf(tensor: TensorSpec, module: string): string {
  const named = special.find(([ending]) => ending.test(module))?.[1];
  const part = named ?? parts[tensor.role] ?? module.replace(/^.*?\.\d+\./u, '');
  if (tensor.component === 'text') return part;
  // Encoders beside decoders have names of their own (T5).
  const own = part === 'attn_output' ? 'attn_o' : part;
  return /\bEncDecAttention\b/u.test(module) ? `cross_${own}` : own;
}

/** Shape [out, in] (experts before it) of what is written as a matrix; null for what stays in 32 bits. */
function matrixOf(tensor: TensorSpec): readonly number[] | null {
  if (tensor.role === 'position' && tensor.layer === null) return null;
  if (tensor.module === 'embedding' && tensor.shape.length === 2) return tensor.shape;
  // Depthwise convolutions are written without their dimension of one.
  if (tensor.role === 'recurrent' && tensor.module === 'conv' && tensor.shape.length > 1)
    return tensor.shape.filter((size) => size !== 1);
  if (tensor.module === 'experts' && tensor.experts !== null && tensor.shape.length === 2)
    return rowStack(tensor, tensor.experts.count);
  if (tensor.module === 'matrix' && tensor.shape.length === 2) return tensor.shape;
  const matrices = matricesOf(tensor);
  if (matrices === null) return null;
  const { count, outputs, inputs } = matrices;
  return tensor.module === 'experts' ? [count, outputs, inputs] : [outputs, inputs];
}

/** Experts stacked along the rows of one matrix [experts × width, hidden] (dbrx); biases are no matrix. */
function rowStack({ name, role, shape }: TensorSpec, count: number): readonly number[] | null {
  const [rows = 0, hidden = 0] = shape;
  if (name.endsWith('bias')) return null;
  return role === 'down' ? [count, hidden, rows / count] : [count, rows / count, hidden];
}

function outerName({ role, name }: TensorSpec): string {
  if (name.endsWith('.bias')) return name;
  if (role === 'head') return 'output.weight';
  if (role === 'position') return name.includes('token_type') ? 'token_types.weight' : 'position_embd.weight';
  if (name.endsWith('per_layer_model_projection.weight')) return 'per_layer_model_proj.weight';
  if (role !== 'embedding') return name;
  return name.includes('per_layer') ? 'per_layer_token_embd.weight' : 'token_embd.weight';
}

/** Stacked experts: [experts, out, in], gate and up apart unless the family's checkpoints and graph have them in one. */
function expertParts(
  tensor: TensorSpec,
  shape: readonly number[],
  { modelType }: Blueprint,
  make: Make,
): readonly LayoutTensor[] {
  const part = parts[tensor.role] ?? tensor.role;
  if (tensor.role !== 'gateUp') return [make(`${part}_exps`, shape)];
  const [both = 0, outputs = 0, inputs = 0] = shape;
  if (modelType.startsWith('gemma4')) return [make('ffn_gate_up_exps', [both / 2, 2 * outputs, inputs])];
  const half = [both / 2, outputs, inputs];
  return [make('ffn_gate_exps', half), make('ffn_up_exps', half)];
}

/**
 * A gated delta net's projection of queries, keys, values and output gate in one: the gate, as wide as the output
 * projection's input, is written apart (conversion/qwen.py).
 */
function gatedDeltaParts(
  module: string,
  [rows = 0, inputs = 0]: readonly number[],
  { tensors }: Blueprint,
  make: Make,
): readonly LayoutTensor[] {
  const output = module.replace(/in_proj_qkvz$/u, 'out_proj.weight');
  const gate = tensors.find((tensor) => tensor.name === output)?.shape[1] ?? 0;
  return [make('attn_qkv', [rows - gate, inputs]), make('attn_gate', [gate, inputs])];
}

/**
 * kv_b_proj [heads × (nope + value), rank] becomes the two that attention on the latent multiplies with: attn_k_b
 * [heads, rank, nope] and attn_v_b [heads, value, rank] (conversion/deepseek.py).
 */
function latentParts(
  tensor: TensorSpec,
  [rows = 0, rank = 0]: readonly number[],
  { layers }: Blueprint,
  make: Make,
): readonly LayoutTensor[] {
  const attention = layers.find((layer) => layer.index === tensor.layer)?.attention ?? null;
  if (attention === null || attention.latent === null) return [make('attn_kv_b', [rows, rank])];
  const { queryHeads, valueDim } = attention;
  const nope = rows / queryHeads - valueDim;
  return [make('attn_k_b', [queryHeads, rank, nope]), make('attn_v_b', [queryHeads, valueDim, rank])];
}

/** Names under which llama.cpp knows the model types whose own name is another one and whose rules differ by it. */
const architectures: Readonly<Record<string, string>> = {
  mistral: 'llama',
  mixtral: 'llama',
  'nemotron-nas': 'deci',
};

/**
 * Files of hybrids have a number of KV heads for every layer, 0 where there is none; but those with gated delta nets or
 * lightning attention have one number for all layers, so their first attention stands for the first layer.
 */
function borrowsHeadCounts({ attention, recurrent }: LayerSpec): boolean {
  return attention === null && (recurrent?.kind === 'gated-delta' || recurrent?.kind === 'linear');
}

function factsOf({ layers, modelType, checkpointOnly = [] }: Blueprint): MixFacts {
  // A tower's layers are in another file, and a decoder is not counted beside its encoder.
  const component = layers.some((layer) => layer.component === 'text') ? 'text' : 'encoder';
  const counted = layers.filter((layer) => layer.component === component);
  const ahead = new Set(checkpointOnly.map((tensor) => tensor.layer));
  const first = counted.find((layer) => !borrowsHeadCounts(layer))?.attention ?? null;
  return {
    architecture: architectures[modelType] ?? modelType,
    layers: counted.length + ahead.size,
    heads: first?.queryHeads ?? 0,
    kvHeads: first === null ? 0 : first.latent === null ? first.kvHeads : 1,
    experts: layers.reduce((most, layer) => Math.max(most, layer.mlp?.moe?.experts ?? 0), 0),
  };
}
