import type { TensorSpec } from '../../model/blueprint';
import { dtypeBytes, type Dtype } from '../../units/dtype';
import type { LoraPair } from './adapters';
import type { TrainedTensor } from './optimizerStates';
import type { HeldPrecision } from './precision';
import { elementsOf } from './tensorDims';
import type { HeldTensor } from './weights';

/** What is trained, with the gradients that it takes. Bytes. */
export interface Trained {
  readonly tensors: readonly TrainedTensor[];
  readonly elements: number;
  /** Trained tensors that are not part of the model's own weights: adapters and copies of modules. */
  readonly extraBytes: number;
  /** fp32 copies that the optimizer steps on. */
  readonly masterBytes: number;
  readonly gradientBytes: number;
  /** Gradients of one layer: the most that one step of the backward pass adds. */
  readonly layerGradient: number;
  /** Gradient of the largest tensor outside the layers: output head or embedding. */
  readonly outerGradient: number;
}

/** The model's own weights, all of them or those that a pattern names (`freeze`). */
export function trainedWeights(
  held: readonly HeldTensor[],
  precision: HeldPrecision,
  patterns: readonly string[] | null,
  wideEmbeddings: boolean,
): Trained {
  const tensors: TrainedTensor[] = [];
  const layers = new Map<string, number>();
  let gradientBytes = 0;
  let outerGradient = 0;
  let masterBytes = 0;
  for (const { tensor, bytes, quantised } of held) {
    if (tensor.module === 'buffer' || quantised || !matches(tensor, patterns)) continue;
    const elements = elementsOf(tensor);
    const heldIn: Dtype = bytes === elements * 4 ? 'f32' : precision.weights;
    const gradient = elements * Math.max(dtypeBytes(precision.gradients), dtypeBytes(heldIn));
    tensors.push({
      shape: tensor.shape,
      elements,
      dtype: precision.master ?? heldIn,
      embedding: tensor.role === 'embedding' || tensor.role === 'position',
      keptWide: wideEmbeddings && tensor.module === 'embedding',
    });
    if (precision.master !== null) masterBytes += elements * dtypeBytes(precision.master);
    gradientBytes += gradient;
    if (tensor.layer === null) outerGradient = Math.max(outerGradient, gradient);
    else {
      const key = `${tensor.component} ${tensor.layer}`;
      layers.set(key, (layers.get(key) ?? 0) + gradient);
    }
  }
  return {
    tensors,
    elements: tensors.reduce((count, tensor) => count + tensor.elements, 0),
    extraBytes: 0,
    masterBytes,
    gradientBytes,
    layerGradient: Math.max(0, ...layers.values()),
    outerGradient,
  };
}

/** Low-rank pairs in `dtype`, and modules that are copied and trained in full in `savedDtype`. */
export function trainedAdapters(
  pairs: readonly LoraPair[],
  saved: readonly TensorSpec[],
  dtype: Dtype,
  savedDtype: Dtype,
): Trained {
  const tensors: TrainedTensor[] = [];
  const layers = new Map<number | null, number>();
  for (const pair of pairs) {
    const shapes = [
      [pair.rank, pair.input],
      [pair.output, pair.rank],
    ];
    if (pair.magnitude) shapes.push([pair.output]);
    for (const shape of shapes) {
      const elements = shape.reduce((product, size) => product * size, 1);
      tensors.push({ shape, elements, dtype, embedding: false, keptWide: false });
      layers.set(pair.tensor.layer, (layers.get(pair.tensor.layer) ?? 0) + elements * dtypeBytes(dtype));
    }
  }
  let outerGradient = 0;
  for (const tensor of saved) {
    const elements = elementsOf(tensor);
    outerGradient = Math.max(outerGradient, elements * dtypeBytes(savedDtype));
    tensors.push({
      shape: tensor.shape,
      elements,
      dtype: savedDtype,
      embedding: tensor.role === 'embedding',
      keptWide: false,
    });
  }
  const bytes = tensors.reduce((total, tensor) => total + tensor.elements * dtypeBytes(tensor.dtype), 0);
  return {
    tensors,
    elements: tensors.reduce((count, tensor) => count + tensor.elements, 0),
    extraBytes: bytes,
    masterBytes: 0,
    gradientBytes: bytes,
    layerGradient: Math.max(0, ...layers.values()),
    outerGradient,
  };
}

function matches(tensor: TensorSpec, patterns: readonly string[] | null): boolean {
  if (patterns === null) return true;
  return patterns.some((pattern) => {
    try {
      return new RegExp(pattern).test(tensor.name);
    } catch {
      return tensor.name.includes(pattern);
    }
  });
}
