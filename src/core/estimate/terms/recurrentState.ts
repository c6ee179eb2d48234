import type { Blueprint, LayerSpec } from '../../model/blueprint';
import { dtypeBytes, type Dtype } from '../../units/dtype';

/** Bytes of one layer's recurrent state for one sequence: convolution tail and state, whatever the context. */
export function layerStateBytes(layer: LayerSpec, dtype: Dtype): number {
  const recurrent = layer.recurrent;
  if (recurrent === null) return 0;
  return (
    recurrent.convElements * dtypeBytes(dtype) +
    recurrent.stateElements * dtypeBytes(recurrent.stateDtype ?? dtype)
  );
}

/** Bytes of all recurrent states of one sequence. */
export function stateBytes(blueprint: Blueprint, dtype: Dtype): number {
  return blueprint.layers.reduce((bytes, layer) => bytes + layerStateBytes(layer, dtype), 0);
}
