import { isFloat, type Dtype } from '../units/dtype';
import type { Blueprint, TensorSpec } from './blueprint';
import { elements } from './parameters';
import type { HeaderTensor, WeightHeader } from './safetensors';

/**
 * A Blueprint with the real bytes of a checkpoint: what each tensor takes, its stored dtype, and the dtype of the whole.
 * Header and config are matched by checkpoint names, with the base model's prefix there or not; parts of a quantised
 * matrix (`qweight`, `weight.absmax`, `weight_scale`) count for its weight. An output layer that a complete checkpoint
 * does not hold is tied, whatever the config says. What did not match is said in `assumptions`.
 */
export function withHeader(blueprint: Blueprint, header: WeightHeader): Blueprint {
  const names = storedNames(blueprint);
  const rename = bestPrefix(blueprint, header, names);
  const bytes: Record<string, number> = {};
  const found = new Map<string, HeaderTensor>();
  let unmatched = 0;
  for (const stored of header.tensors) {
    const name = libraryName(rename(stored.name), names);
    if (name === null) {
      unmatched++;
      continue;
    }
    bytes[name] = (bytes[name] ?? 0) + stored.bytes;
    if (rename(stored.name) === name) found.set(name, stored);
  }

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
    assumptions: [...blueprint.assumptions, ...remarks(header, wrongShapes, missing, unmatched)],
    weights: { source: header.source, fileBytes: header.totalBytes, bytes, complete },
  };
}

/** Stored name -> library name: experts spelled out. */
function storedNames(blueprint: Blueprint): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const tensor of blueprint.tensors) {
    names.set(tensor.name, tensor.name);
    for (const form of tensor.stored ?? []) {
      if (form.count === null) names.set(form.name, tensor.name);
      else
        for (let expert = 0; expert < form.count; expert++)
          names.set(form.name.replace('{}', String(expert)), tensor.name);
    }
  }
  return names;
}

/** The library tensor that a stored one belongs to: itself, or the weight of the module it stands in. */
function libraryName(stored: string, names: ReadonlyMap<string, string>): string | null {
  const direct = names.get(stored);
  if (direct !== undefined) return direct;
  const cut = stored.lastIndexOf('.');
  if (cut === -1) return null;
  const module = stored.slice(0, cut);
  // `….weight.absmax`, `….gate_up_proj_blocks` and `….weight_scale` in turn.
  return (
    names.get(module) ??
    names.get(`${module}.weight`) ??
    names.get(stored.replace(/_(blocks|scales|scale_inv|scale)$/u, '')) ??
    null
  );
}

/** Checkpoints of a task class may lack the base model's prefix, and the other way round: whichever matches most. */
function bestPrefix(
  blueprint: Blueprint,
  header: WeightHeader,
  names: ReadonlyMap<string, string>,
): (name: string) => string {
  const prefixes = new Set<string>();
  for (const { name } of blueprint.tensors) prefixes.add(name.slice(0, name.indexOf('.') + 1));
  const theirs = new Set(header.tensors.map(({ name }) => name.slice(0, name.indexOf('.') + 1)));
  const candidates: ((name: string) => string)[] = [
    (name) => name,
    ...[...prefixes].slice(0, 4).map((prefix) => (name: string) => prefix + name),
    ...[...theirs]
      .slice(0, 4)
      .map((prefix) => (name: string) => (name.startsWith(prefix) ? name.slice(prefix.length) : name)),
  ];
  // A sample is enough to tell which prefix is right, and keeps a hundred thousand experts quick.
  const step = Math.ceil(header.tensors.length / 256);
  const sample = header.tensors.filter((_, index) => index % step === 0);
  let best = candidates[0] ?? ((name: string): string => name);
  let most = -1;
  for (const candidate of candidates) {
    const matched = sample.filter(({ name }) => libraryName(candidate(name), names) !== null).length;
    if (matched > most) {
      most = matched;
      best = candidate;
    }
  }
  return best;
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
  const some = (names: readonly string[]): string =>
    names.length === 1 ? (names[0] ?? '') : `${names[0] ?? ''} and ${names.length - 1} more`;
  return [
    `weights as ${header.source} holds them`,
    ...(wrongShapes.length > 0
      ? [`the config gives another shape than the file for ${some(wrongShapes)}`]
      : []),
    ...(missing.length > 0 ? [`the files do not hold ${some(missing)}`] : []),
    ...(unmatched > 0 ? [`${unmatched} tensors of the files are not loaded by the library`] : []),
  ];
}
