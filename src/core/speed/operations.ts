import type { Blueprint, LayerSpec, TensorSpec } from '../model/blueprint';
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
  for (const tensor of blueprint.tensors) {
    if (!runs(tensor)) continue;
    const elements = elementsOf(tensor) * activeShare(tensor);
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
  for (const { tensor, bytes: size } of held) {
    if (!runs(tensor)) continue;
    if ((tensor.role === 'embedding' || tensor.role === 'position') && !tied.has(tensor.name)) continue;
    // Every token picks its experts on its own: the share hit by none of them is (1 - k/E)^n.
    bytes += size * (1 - (1 - activeShare(tensor)) ** Math.max(1, sequences));
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
  let attention = 0;
  for (const layer of blueprint.layers.filter(runsOverText(blueprint))) {
    const a = layer.attention;
    if (a === null) continue;
    const mean = a.causal ? (seen(layer, past) + seen(layer, past + tokens)) / 2 : tokens;
    attention += 2 * a.queryHeads * (a.keyDim + a.valueDim) * mean * tokens;
  }
  return 2 * layers * tokens + 2 * head * headTokens + attention;
}

/** Operations that a token's attention costs in one layer stack at a given position, for a single new token. */
export function decodeOperations(blueprint: Blueprint, position: number): number {
  return forwardOperations(blueprint, 1, position, 1);
}
