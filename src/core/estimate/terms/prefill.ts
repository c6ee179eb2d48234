import type { Blueprint } from '../../model/blueprint';

/**
 * Bytes alive at the widest moment of one layer while a prompt runs through it without a graph: the residual stream and the
 * block's result, and either the three wide tensors of a gated MLP, or queries, keys, values and the result of attention, or the
 * fp32 copies of a norm written in Python. From the order of operations in transformers' modelling files.
 */
export function prefillBytes(
  blueprint: Blueprint,
  tokens: number,
  compute: number,
  eagerScores: { readonly batch: number; readonly sequence: number } | null,
): number {
  let most = 0;
  for (const layer of blueprint.layers) {
    const stream = 2 * compute * layer.hidden;
    const mlp = layer.mlp;
    const moe = mlp?.moe ?? null;
    const width = (mlp?.intermediate ?? 0) + (moe === null ? 0 : moe.active * moe.intermediate + moe.shared);
    const wide = compute * width * (mlp?.kind === 'gated' ? 3 : 2) + compute * layer.hidden;
    const a = layer.attention;
    const heads =
      a === null ? 0 : a.queryHeads * (a.keyDim + a.valueDim) + a.kvHeads * (a.keyDim + a.valueDim);
    const attention = compute * (layer.hidden + 2 * heads);
    const norm = 3 * 4 * layer.hidden;
    let bytes = tokens * (stream + Math.max(wide, attention, norm));
    if (eagerScores !== null && a !== null)
      bytes +=
        eagerScores.batch * a.queryHeads * eagerScores.sequence * eagerScores.sequence * (4 + 2 * compute);
    most = Math.max(most, bytes);
  }
  return most;
}
