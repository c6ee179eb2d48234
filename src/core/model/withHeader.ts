import { isFloat, type Dtype } from '../units/dtype';
import type { Blueprint, TensorSpec } from './blueprint';
import { blueprintFromHeader } from './blueprintFromHeader';
import { withoutTypeRemarks } from './descriptions/description';
import { elements } from './parameters';
import type { HeaderTensor, WeightHeader } from './safetensors';
import { matcherOf } from './storedNames';
import { someOf } from './weightSizes';

/**
 * A Blueprint with the real bytes of a checkpoint: what each tensor takes, its stored dtype, and the dtype of the whole.
 * Header and config are matched by checkpoint names, with the base model's prefix there or not; parts of a quantised
 * matrix (`qweight`, `weight.absmax`, `weight_scale`) count for its weight. An output layer that a complete checkpoint
 * does not hold is tied, whatever the config says. What did not match is said in `assumptions`.
 */
export function withHeader(blueprint: Blueprint, header: WeightHeader): Blueprint {
  const match = matcherOf(
    blueprint,
    header.tensors.map(({ name }) => name),
  );
  const bytes: Record<string, number> = {};
  const found = new Map<string, HeaderTensor>();
  let unmatched = 0;
  for (const stored of header.tensors) {
    const matched = match(stored.name);
    if (matched === null) {
      unmatched++;
      continue;
    }
    const { name, whole } = matched;
    bytes[name] = (bytes[name] ?? 0) + stored.bytes;
    if (whole) found.set(name, stored);
  }
  if (unmatched * 2 >= header.tensors.length && Object.keys(bytes).length * 2 < blueprint.tensors.length)
    return withOwnTensors(blueprint, header);

  const dtype = frequentFloat(header) ?? blueprint.dtype;
  const wrongShapes: string[] = [];
  const missing: string[] = [];
  const tensors = blueprint.tensors.map((tensor): TensorSpec => {
    const real = found.get(tensor.name);
    if (real !== undefined && elements(real.shape) !== elements(tensor.shape)) {
      // A packed matrix keeps its name in some methods; then there are scales beside it.
      if (bytes[tensor.name] === real.bytes) wrongShapes.push(tensor.name);
      return tensor;
    }
    if (Object.hasOwn(bytes, tensor.name) || tensor.tiedTo !== null) {
      const owned = real !== undefined && tensor.ownWhenStored ? { ...tensor, tiedTo: null } : tensor;
      return withStoredDtype(owned, real, dtype);
    }
    if (tensor.role === 'head' && header.complete) return tiedToEmbedding(tensor, blueprint, missing);
    if (tensor.module !== 'buffer') missing.push(tensor.name);
    return tensor;
  });
  const complete = header.complete && wrongShapes.length === 0 && missing.length === 0;
  return {
    ...blueprint,
    tensors,
    dtype,
    dtypeOrigin: 'exact',
    origin: complete ? 'exact' : blueprint.origin,
    assumptions: [
      ...withoutTypeRemarks(blueprint.assumptions),
      ...remarks(header, wrongShapes, missing, unmatched),
    ],
    weights: { source: header.source, fileBytes: header.totalBytes, bytes, complete },
  };
}

/** Weights under names of their own, such as an export's: the tensors are the file's, what the layers keep the config's. */
function withOwnTensors(blueprint: Blueprint, header: WeightHeader): Blueprint {
  const outcome = blueprintFromHeader(header, blueprint.library);
  if (!outcome.ok) return blueprint;
  const { tensors, dtype, weights } = outcome.blueprint;
  return {
    ...blueprint,
    tensors,
    dtype,
    dtypeOrigin: 'exact',
    origin: 'exact',
    // Names and types are the file's: no rule for the library's names applies to them.
    quantization: null,
    assumptions: [
      ...withoutTypeRemarks(blueprint.assumptions),
      `weights as ${header.source} holds them, under names of its own`,
      ...(header.notes ?? []),
    ],
    ...(weights === undefined ? {} : { weights }),
  };
}

function withStoredDtype(tensor: TensorSpec, real: HeaderTensor | undefined, usual: Dtype): TensorSpec {
  if (real?.dtype === undefined || real.dtype === null || tensor.module === 'buffer') return tensor;
  if (real.dtype === usual || !isFloat(real.dtype)) return tensor;
  return { ...tensor, dtype: real.dtype };
}

function tiedToEmbedding(tensor: TensorSpec, blueprint: Blueprint, missing: string[]): TensorSpec {
  const embedding = blueprint.tensors.find(
    (other) => other.role === 'embedding' && elements(other.shape) === elements(tensor.shape),
  );
  if (embedding !== undefined) return { ...tensor, tiedTo: embedding.name };
  missing.push(tensor.name);
  return tensor;
}

/** The float type of most elements. */
function frequentFloat(header: WeightHeader): Dtype | null {
  const counts = new Map<Dtype, number>();
  for (const { dtype, shape } of header.tensors)
    if (dtype === 'f32' || dtype === 'bf16' || dtype === 'f16')
      counts.set(dtype, (counts.get(dtype) ?? 0) + elements(shape));
  let best: Dtype | null = null;
  for (const [dtype, count] of counts) if (best === null || count > (counts.get(best) ?? 0)) best = dtype;
  return best;
}

function remarks(
  header: WeightHeader,
  wrongShapes: readonly string[],
  missing: readonly string[],
  unmatched: number,
): readonly string[] {
  return [
    `weights as ${header.source} holds them`,
    ...(wrongShapes.length > 0
      ? [`the config gives another shape than the file for ${someOf(wrongShapes)}`]
      : []),
    ...(missing.length > 0 ? [`the files do not hold ${someOf(missing)}`] : []),
    ...(unmatched > 0 ? [`${unmatched} tensors of the files are not loaded by the library`] : []),
    ...(header.notes ?? []),
  ];
}
