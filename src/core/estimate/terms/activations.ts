import type { Blueprint } from '../../model/blueprint';
import { layerActivations, type ActivationSetting } from './layerActivations';
import { runsOverText } from './tensorDims';

/** Activation bytes of a training step at the instants that can be its peak. */
export interface ActivationMemory {
  /** Kept from the forward to the backward pass, all layers. */
  readonly kept: number;
  /** Of the final norm and the input of the output layer. */
  readonly head: number;
  /** Taken on top of `kept` while the first layer to be differentiated (the last one) is. */
  readonly working: number;
  /** Taken while the last layer to be differentiated is: `kept` is gone but for that layer's. */
  readonly bottom: number;
  /** Around the embedding, when the layers are done. */
  readonly input: number;
  /** Checkpoints that lie on the host instead. */
  readonly offloaded: number;
}

/**
 * Sum over the layers. Full checkpointing keeps the input of each layer and computes the layer again before its backward pass
 * (Chen et al. 2016; torch.utils.checkpoint), so one layer's saved tensors come on top. Selective checkpointing keeps the results
 * of attention and of every second matrix product (torchtitan, `selective_ac_option: op`).
 */
export function activationMemory(
  blueprint: Blueprint,
  setting: ActivationSetting,
  checkpointing: 'none' | 'full' | 'selective',
  offload: boolean,
): ActivationMemory {
  const ran = blueprint.layers.filter(runsOverText(blueprint));
  const layers = ran.map((layer) => layerActivations(blueprint, layer, setting));
  const tokens = setting.batch * setting.sequence;
  const hidden = tokens * blueprint.hidden;
  const head = (4 + (setting.weightsTrained ? setting.residual + setting.compute : 0)) * hidden;
  const inputs = layers.reduce((sum, layer) => sum + layer.input, 0);
  const saved = layers.reduce((sum, layer) => sum + layer.saved, 0);
  const firstInput = layers[0]?.input ?? 0;
  const largestWorking = Math.max(0, ...layers.map((layer) => layer.working));
  const largestExtra = Math.max(0, ...layers.map((layer) => layer.working - layer.saved));
  switch (checkpointing) {
    case 'none':
      return {
        kept: saved,
        head,
        working: largestExtra,
        bottom: largestWorking,
        offloaded: 0,
        input: 2 * firstInput,
      };
    case 'full': {
      const largestInput = Math.max(0, ...layers.map((layer) => layer.input));
      // Offloading moves a checkpoint out while the next layers run: about two of them are on the device.
      const onDevice = offload ? Math.min(inputs, 2 * largestInput) : inputs;
      return {
        kept: onDevice,
        head,
        working: largestWorking,
        bottom: largestWorking + largestInput,
        offloaded: offload ? inputs - onDevice : 0,
        input: 2 * firstInput,
      };
    }
    case 'selective': {
      const products = ran.reduce((sum, layer, index) => {
        const attention = layer.attention;
        const out = attention === null ? 0 : attention.queryHeads * attention.valueDim;
        const bytes = layers[index];
        return (
          sum +
          (bytes?.input ?? 0) +
          setting.compute * tokens * out +
          0.5 * matmulResults(layer, tokens, setting)
        );
      }, 0);
      const kept = Math.min(saved, products);
      return {
        kept,
        head,
        working: largestWorking,
        bottom: largestWorking,
        offloaded: 0,
        input: 2 * firstInput,
      };
    }
  }
}

function matmulResults(
  layer: Blueprint['layers'][number],
  tokens: number,
  setting: ActivationSetting,
): number {
  const attention = layer.attention;
  const heads =
    attention === null
      ? 0
      : attention.queryHeads * attention.keyDim + attention.kvHeads * (attention.keyDim + attention.valueDim);
  const mlp = layer.mlp;
  const inner =
    (mlp?.intermediate ?? 0) + (mlp?.moe ? mlp.moe.active * mlp.moe.intermediate + mlp.moe.shared : 0);
  const factors = mlp?.kind === 'gated' ? 2 : 1;
  return setting.compute * tokens * (heads + layer.hidden + factors * inner + layer.hidden);
}
