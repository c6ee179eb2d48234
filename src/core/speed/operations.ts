import type { Blueprint, LayerSpec, RecurrentSpec, TensorSpec } from '../model/blueprint';
import type { HeldTensor } from '../estimate/terms/weights';
import { elementsOf, linearDims, runsOverText } from '../estimate/terms/tensorDims';

/** Matrix elements that one token is multiplied with: a router's choice of experts counts, a table look-up does not. */
export function activeMatrixElements(blueprint: Blueprint): {
  readonly layers: number;
  readonly head: number;
} {
  let layers = 0;
  let head = 0;
  const runs = runsOverText(blueprint);
  const passes = passesOf(blueprint);
  for (const tensor of blueprint.tensors) {
    // A pooler runs once a sequence, which is next to nothing.
    if (!runs(tensor) || tensor.role === 'pooler') continue;
    const elements = elementsOf(tensor) * activeShare(tensor) * passes(tensor);
    if (tensor.role === 'head') {
      head += elements;
      continue;
    }
    if (!multiplies(tensor)) continue;
    layers += elements;
  }
  return { layers, head };
}

/** Share of a tensor that one token uses. */
export function activeShare(tensor: TensorSpec): number {
  const experts = tensor.experts;
  return experts === null || experts.count === 0 ? 1 : Math.min(1, experts.active / experts.count);
}

/** How often a forward pass goes through the layer that a tensor belongs to: more than once where layers share weights. */
function passesOf(blueprint: Blueprint): (tensor: TensorSpec) => number {
  const counts = new Map<string, number>();
  for (const { component, index } of blueprint.layers) {
    const key = `${component} ${index}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return ({ component, layer }) =>
    layer === null ? 1 : Math.max(1, counts.get(`${component} ${layer}`) ?? 1);
}

function multiplies(tensor: TensorSpec): boolean {
  return tensor.module === 'experts' || linearDims(tensor) !== null || tensor.module === 'conv';
}

/** Bytes of weights that are read for one step of `sequences` tokens: all but look-up tables, and of experts those that are hit. */
export function weightBytesRead(
  blueprint: Blueprint,
  held: readonly HeldTensor[],
  sequences: number,
): number {
  const tied = new Set(
    blueprint.tensors.filter((tensor) => tensor.role === 'head').map((tensor) => tensor.tiedTo),
  );
  let bytes = 0;
  const runs = runsOverText(blueprint);
  const passes = passesOf(blueprint);
  for (const { tensor, bytes: size } of held) {
    if (!runs(tensor)) continue;
    if ((tensor.role === 'embedding' || tensor.role === 'position') && !tied.has(tensor.name)) continue;
    // Every token picks its experts on its own: the share hit by none of them is (1 - k/E)^n.
    bytes += size * passes(tensor) * (1 - (1 - activeShare(tensor)) ** Math.max(1, sequences));
  }
  return bytes;
}

/** Tokens that a layer's attention looks at from a given position. */
function seen(layer: LayerSpec, position: number): number {
  const { window = null, selects, compressed } = layer.attention ?? {};
  const near = window === null ? position : Math.min(position, window);
  const far = compressed === undefined ? 0 : position / compressed.ratio;
  if (selects === undefined) return near + far;
  return compressed === undefined ? Math.min(near, selects) : near + Math.min(far, selects);
}

/** Entries that an indexer compares a token with from a given position. */
function compared(layer: LayerSpec, position: number): number {
  return position / (layer.attention?.compressed?.ratio ?? 1);
}

/** Operations of the indexer for each entry that it compares: a dot product for every head (DeepSeek-V3.2, equation 1). */
function indexerOperations({ attention }: LayerSpec): number {
  const dim = attention?.indexerDim ?? attention?.compressed?.indexerDim ?? 0;
  return 2 * (attention?.indexerHeads ?? 0) * dim;
}

/**
 * Multiply-adds for each element of the state and token: the input is added and the output read (Gu and Dao 2023, equation 2; Qin et
 * al. 2024, equation 2); the delta rule reads the old value too (Yang et al. 2024, equation 10).
 */
function stateProducts(kind: RecurrentSpec['kind']): number {
  switch (kind) {
    case 'mamba':
    case 'mamba2':
    case 'linear':
    case 'rwkv':
      return 2;
    case 'gated-delta':
    case 'kda':
      return 3;
    case 'rglru':
      return 1;
    case 'conv':
      return 0;
  }
}

/**
 * Operations of a forward pass over `tokens` tokens that follow `past` others; a multiply-add is two. Matrices: 2 per active element and
 * token; attention: 2 for the scores and 2 for the values per head, dimension and token seen (Kaplan et al. 2020, section 2.1).
 */
export function forwardOperations(
  blueprint: Blueprint,
  tokens: number,
  past: number,
  headTokens: number,
): number {
  const { layers, head } = activeMatrixElements(blueprint);
  let mixing = 0;
  for (const layer of blueprint.layers.filter(runsOverText(blueprint))) {
    const { attention, recurrent } = layer;
    if (attention !== null) {
      const mean = (at: (layer: LayerSpec, position: number) => number): number =>
        attention.causal ? (at(layer, past) + at(layer, past + tokens)) / 2 : tokens;
      mixing += 2 * attention.queryHeads * (attention.keyDim + attention.valueDim) * mean(seen) * tokens;
      mixing += indexerOperations(layer) * mean(compared) * tokens;
    }
    if (recurrent !== null) mixing += 2 * stateProducts(recurrent.kind) * recurrent.stateElements * tokens;
  }
  return 2 * layers * tokens + 2 * head * headTokens + mixing;
}
