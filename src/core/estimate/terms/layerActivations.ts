import type { Blueprint, LayerSpec, TensorSpec } from '../../model/blueprint';
import { activationTraits, type ActivationTraits } from './activationTraits';
import { elementsOf, linearDims } from './tensorDims';

/** What decides how many bytes a layer's operations leave behind for the backward pass. */
export interface ActivationSetting {
  readonly batch: number;
  /** Tokens of one sequence. */
  readonly sequence: number;
  /** Bytes of an element of a matrix product's operands. */
  readonly compute: number;
  /** Bytes of an element of the residual stream; 4 when embeddings or norms are held in fp32. */
  readonly residual: number;
  /** Every weight is trained, so that every linear module keeps its input. */
  readonly weightsTrained: boolean;
  /** Linear modules cast their own copy of the input (autocast over fp32 weights). */
  readonly castsPerLinear: boolean;
  /** Linear modules with a low-rank pair, by tensor name; empty without LoRA. */
  readonly adapted: ReadonlySet<string>;
  /** A low-rank pair casts its own copy of the input to this many bytes an element; 0 = it shares the module's. */
  readonly adapterCopy: number;
  readonly attention: 'flash' | 'sdpa' | 'eager';
  /** Keys and values are repeated to the number of query heads before attention. */
  readonly repeatsKv: boolean;
  /** Softmax and layer_norm run in fp32 whatever the type of what they get. */
  readonly autocast: boolean;
  /** Pointwise work is fused and recomputed in the backward pass. */
  readonly compiled: boolean;
}

/** Bytes that one layer's forward pass leaves for its backward pass, and what the backward pass takes on top. */
export interface LayerActivations {
  /** The residual stream at the layer's input: all that checkpointing keeps. */
  readonly input: number;
  readonly norms: number;
  readonly attention: number;
  readonly mlp: number;
  /** Sum of the three. */
  readonly saved: number;
  /** Most that is alive while the layer is differentiated, its saved tensors included. */
  readonly working: number;
}

/** Shapes of a layer that activations follow from. */
interface LayerShape {
  readonly tokens: number;
  readonly hidden: number;
  readonly q: number;
  readonly k: number;
  readonly v: number;
  /** Keys before they are repeated. */
  readonly ownK: number;
  readonly out: number;
  readonly heads: number;
  readonly hiddenNorms: number;
  readonly headNorms: number;
  readonly layerNorm: boolean;
  readonly traits: ActivationTraits;
  readonly normsTrained: boolean;
  readonly linears: readonly TensorSpec[];
}

/**
 * Saved tensors of a transformer layer, operation by operation, as autograd keeps them (each rule is the operation's own
 * derivative; compare Korthikanti et al. 2022, section 4, which counts the same for a GPT layer):
 * a linear module keeps its input if its weight is trained; an RMS norm written in Python keeps its fp32 input and, if its weight
 * is trained, the normalised value; layer_norm keeps its input; a fused attention kernel keeps q, k, v, its result and one fp32 per head
 * and token; eager attention keeps the probabilities; an activation function keeps its input; a product keeps both factors; rotary
 * embeddings and additions keep nothing.
 */
export function layerActivations(
  blueprint: Blueprint,
  layer: LayerSpec,
  setting: ActivationSetting,
): LayerActivations {
  const shape = layerShape(blueprint, layer, setting);
  const input = setting.residual * shape.tokens * shape.hidden;
  const norms = normBytes(shape, setting);
  const attention = attentionBytes(layer, shape, setting, blueprint.attentionSoftcap);
  const recurrent = recurrentBytes(layer, shape, setting);
  const mlp = mlpBytes(blueprint, layer, shape, setting);
  const saved = norms + attention.saved + recurrent + mlp.saved;
  // The gradient of the residual stream and of the branch are alive throughout.
  const gradients = 2 * setting.residual * shape.tokens * shape.hidden;
  const atMlp = saved + mlp.backward;
  const atAttention = norms + attention.saved + recurrent + attention.backward;
  return {
    input,
    norms,
    attention: attention.saved + recurrent,
    mlp: mlp.saved,
    saved,
    working: Math.max(atMlp, atAttention) + gradients,
  };
}

function layerShape(blueprint: Blueprint, layer: LayerSpec, setting: ActivationSetting): LayerShape {
  const tensors = layerTensors(blueprint, layer);
  const norms = tensors.filter((tensor) => tensor.role === 'norm' && !tensor.name.endsWith('.bias'));
  const hiddenNorms = norms.filter((tensor) => elementsOf(tensor) === layer.hidden).length;
  const attention = layer.attention;
  const heads = attention?.queryHeads ?? 0;
  const kv = attention === null ? 0 : setting.repeatsKv ? heads : attention.kvHeads;
  return {
    tokens: setting.batch * setting.sequence,
    hidden: layer.hidden,
    q: heads * (attention?.keyDim ?? 0),
    k: kv * (attention?.keyDim ?? 0),
    v: kv * (attention?.valueDim ?? 0),
    ownK: (attention?.kvHeads ?? 0) * (attention?.keyDim ?? 0),
    out: heads * (attention?.valueDim ?? 0),
    heads,
    // A family without norm tensors (OLMo) still normalises twice.
    hiddenNorms: norms.length === 0 ? 2 : hiddenNorms,
    headNorms: norms.length - hiddenNorms,
    layerNorm:
      norms.length === 0 || tensors.some((tensor) => tensor.role === 'norm' && tensor.name.endsWith('.bias')),
    traits: activationTraits(blueprint),
    normsTrained: setting.weightsTrained && norms.length > 0,
    linears: tensors.filter((tensor) => linearDims(tensor) !== null),
  };
}

const tensorsByLayer = new WeakMap<Blueprint, ReadonlyMap<string, readonly TensorSpec[]>>();

function layerTensors(blueprint: Blueprint, layer: LayerSpec): readonly TensorSpec[] {
  let groups = tensorsByLayer.get(blueprint);
  if (groups === undefined) {
    const made = new Map<string, TensorSpec[]>();
    for (const tensor of blueprint.tensors) {
      if (tensor.layer === null) continue;
      const key = `${tensor.component} ${tensor.layer}`;
      const group = made.get(key);
      if (group) group.push(tensor);
      else made.set(key, [tensor]);
    }
    groups = made;
    tensorsByLayer.set(blueprint, groups);
  }
  return groups.get(`${layer.component} ${layer.index}`) ?? [];
}

/** Norms before the blocks (and after, where a family has them), with those over heads. Inputs of linear modules are counted there. */
function normBytes(shape: LayerShape, setting: ActivationSetting): number {
  const { traits } = shape;
  const each = (elements: number, held: number): number => {
    // Compiled, the norm is one kernel: its input is kept, and its result where a matrix product of the backward pass reads it.
    if (setting.compiled) return held * elements;
    if (shape.layerNorm) {
      // layer_norm keeps its input; autocast hands it an fp32 one.
      const input = setting.autocast ? 4 : held;
      return input * elements;
    }
    // The fp32 copy; where the stream is fp32 already it is the stream itself.
    const product = traits.fp32NormProduct ? 4 : held;
    return (4 + (shape.normsTrained ? product : 0)) * elements;
  };
  const headNorm = shape.headNorms > 0 ? each(shape.tokens * (shape.q + shape.ownK), setting.compute) : 0;
  // Parallel blocks normalise one and the same stream.
  const streams = traits.parallelBlocks ? Math.min(1, shape.hiddenNorms) : shape.hiddenNorms;
  return streams * each(shape.tokens * shape.hidden, setting.residual) + headNorm;
}

/**
 * What the linear modules that read one tensor keep of it. `alreadyKept`: another operation keeps that tensor anyway.
 */
function inputBytes(
  readers: readonly TensorSpec[],
  elements: number,
  setting: ActivationSetting,
  alreadyKept: boolean,
): number {
  if (readers.length === 0) return 0;
  const adapted = readers.filter((tensor) => setting.adapted.has(tensor.name)).length;
  const copies = setting.adapterCopy > 0 ? adapted * setting.adapterCopy * elements : 0;
  const shared = adapted > 0 && setting.adapterCopy === 0;
  let own = 0;
  if (setting.weightsTrained && setting.castsPerLinear)
    own = (alreadyKept ? 0 : readers.length) * setting.compute * elements;
  else if (setting.weightsTrained || shared) own = alreadyKept ? 0 : setting.compute * elements;
  return own + copies;
}

function attentionBytes(
  layer: LayerSpec,
  shape: LayerShape,
  setting: ActivationSetting,
  softcapped: boolean,
): { readonly saved: number; readonly backward: number } {
  const attention = layer.attention;
  if (attention === null) return { saved: 0, backward: 0 };
  const { tokens } = shape;
  const c = setting.compute;
  const role = (...roles: string[]): readonly TensorSpec[] =>
    shape.linears.filter((tensor) => roles.includes(tensor.role));
  // A fused projection's result lives on for its values while rotated queries and keys are new tensors.
  const fused = role('qkv').length > 0 && shape.traits.rotary ? c * tokens * (shape.q + shape.ownK) : 0;
  const qkv = c * tokens * (shape.q + shape.k + shape.v) + fused;
  const out = c * tokens * shape.out;
  let saved = qkv + inputBytes(role('q', 'k', 'v', 'qkv'), tokens * shape.hidden, setting, false);
  let backward = qkv + out;
  if (setting.attention === 'eager') {
    const scores = setting.batch * shape.heads * setting.sequence * setting.sequence;
    saved += scores * (probabilityBytes(shape.traits, setting) + (softcapped ? c : 0));
    saved += inputBytes(role('o'), tokens * shape.out, setting, false);
    backward += scores * probabilityGradientBytes(shape.traits, setting);
  } else {
    saved += out + 4 * tokens * shape.heads;
    saved += inputBytes(role('o'), tokens * shape.out, setting, true);
    // Fused kernels sum the gradient of q in fp32.
    backward += 4 * tokens * shape.q;
  }
  if (shape.traits.dropout) saved += tokens * shape.hidden;
  return { saved, backward };
}

/** Bytes an attention probability leaves: softmax's result, its cast for the product, and a dropout's mask with its own result. */
function probabilityBytes(traits: ActivationTraits, setting: ActivationSetting): number {
  const c = setting.compute;
  const softmax = traits.fp32Softmax || setting.autocast ? 4 : c;
  const cast = softmax > c ? c : 0;
  return softmax + cast + (traits.dropout ? 1 + (cast > 0 ? 0 : c) : 0);
}

/**
 * Bytes an attention probability takes beyond what is kept of it while softmax is differentiated: its result, the gradient that comes
 * and the gradient that goes, in softmax's type.
 */
function probabilityGradientBytes(traits: ActivationTraits, setting: ActivationSetting): number {
  const softmax = traits.fp32Softmax || setting.autocast ? 4 : setting.compute;
  return Math.max(0, 3 * softmax - probabilityBytes(traits, setting)) + (traits.dropout ? 1 : 0);
}

/** Recurrent mixers keep the input of their projections, the convolved streams and the states of a chunked scan. */
function recurrentBytes(layer: LayerSpec, shape: LayerShape, setting: ActivationSetting): number {
  if (layer.recurrent === null) return 0;
  const projections = shape.linears.filter((tensor) => tensor.role === 'recurrent');
  const widths = projections.reduce((sum, tensor) => sum + (linearDims(tensor)?.output ?? 0), 0);
  return setting.compute * shape.tokens * (shape.hidden + 3 * widths);
}

function mlpBytes(
  blueprint: Blueprint,
  layer: LayerSpec,
  shape: LayerShape,
  setting: ActivationSetting,
): { readonly saved: number; readonly backward: number } {
  const mlp = layer.mlp;
  if (mlp === null) return { saved: 0, backward: 0 };
  const { tokens } = shape;
  const c = setting.compute;
  const moe = mlp.moe;
  // Every expert that a token passes sees its own copy of the token.
  const width = mlp.intermediate + (moe === null ? 0 : moe.active * moe.intermediate + moe.shared);
  const inner = tokens * width;
  const role = (...roles: string[]): readonly TensorSpec[] =>
    shape.linears.filter((tensor) => roles.includes(tensor.role));
  const first = role('gate', 'up', 'gateUp');
  const down = role('down');
  let saved = inputBytes(first, tokens * shape.hidden, setting, false);
  if (moe !== null) saved += c * tokens * shape.hidden * moe.active * 2;
  const downReaders = down.slice(0, 1);
  const product = inputBytes(downReaders, inner, setting, false);
  let backward: number;
  // An adapter that casts its input casts the gradient of it as well.
  const cast =
    setting.adapterCopy > 0 && downReaders.some((tensor) => setting.adapted.has(tensor.name)) ? 4 * inner : 0;
  if (mlp.kind === 'gated') {
    saved += c * inner * (setting.compiled ? 2 : 3) + product;
    backward = c * inner * (product > 0 ? 2 : 3) + cast;
  } else {
    // gelu_new is written in Python: the cube's input, tanh's result and both factors of the product are kept.
    const written = blueprint.activation === 'gelu_new' && !setting.compiled ? 4 : 1;
    saved += c * inner * written + product;
    backward = c * inner * (product > 0 ? 1 : 2) + cast;
  }
  if (shape.traits.dropout) saved += tokens * shape.hidden;
  return { saved, backward };
}
