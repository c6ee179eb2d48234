import { dtypeBytes, type Dtype } from '../units/dtype';
import type { Blueprint, TensorSpec } from './blueprint';
import { withoutTypeRemarks } from './descriptions/description';
import { elements } from './parameters';
import { weightBytes } from './quantisation/weightBytes';
import { matcherOf } from './storedNames';

/** What weight files tell that hold no readable shapes: an index of shards, or a pickle that is not unpickled. */
export interface WeightSizes {
  /** For people: `pytorch_model.bin.index.json`. */
  readonly source: string;
  readonly totalBytes: number;
  /** Names of the tensors; null when only their bytes are known. */
  readonly names: readonly string[] | null;
}

/** How much larger than its tensors a checkpoint may be: buffers, parts that several files repeat. */
const SLACK = 0.005;
const MOST_SLACK_BYTES = 64 * 2 ** 20;

/**
 * A Blueprint with the real size of its weights. The dtype is the one that gives that size; where none does, the bytes are
 * shared out over the tensors in proportion, and that is said. An output layer that the files do not name is tied.
 */
export function withSizes(blueprint: Blueprint, sizes: WeightSizes): Blueprint {
  const named = sizes.names === null ? blueprint : withNames(blueprint, sizes.names);
  const matching = candidates(named).find(({ bytes }) => isAbout(bytes, sizes.totalBytes));
  const remark = `weights as ${sizes.source} says: ${sizes.totalBytes} bytes`;
  if (matching !== undefined) {
    const { dtype } = matching;
    return {
      ...stored({ ...named, dtype, dtypeOrigin: 'exact' }, sizes, 1),
      assumptions: [...withoutTypeRemarks(named.assumptions), remark],
    };
  }
  const expected = weightBytes(named, named.quantization).total;
  return {
    ...stored(named, sizes, expected === 0 ? 0 : sizes.totalBytes / expected),
    assumptions: [...named.assumptions, `${remark}, where its config gives ${expected}`],
  };
}

interface Candidate {
  readonly dtype: Dtype;
  /** All that a checkpoint of this dtype may take: tied copies once or each. */
  readonly bytes: readonly number[];
}

/** The config's own dtype first, then the others that checkpoints have; only the own one when the weights are quantised. */
function candidates(blueprint: Blueprint): readonly Candidate[] {
  const others: readonly Dtype[] = blueprint.quantization === null ? ['bf16', 'f32'] : [];
  return [blueprint.dtype, ...others].map((dtype) => {
    const once = weightBytes({ ...blueprint, dtype }, blueprint.quantization).total;
    let copies = 0;
    for (const tensor of blueprint.tensors)
      if (tensor.tiedTo !== null) copies += elements(tensor.shape) * dtypeBytes(tensor.dtype ?? dtype);
    return { dtype, bytes: [once, once + copies] };
  });
}

function isAbout(expected: readonly number[], real: number): boolean {
  return expected.some(
    (bytes) => real >= bytes * (1 - SLACK) && real - bytes <= Math.min(bytes * SLACK, MOST_SLACK_BYTES),
  );
}

/** The bytes of each tensor, times a factor. */
function stored(blueprint: Blueprint, sizes: WeightSizes, factor: number): Blueprint {
  const bytes: Record<string, number> = {};
  for (const held of weightBytes(blueprint, blueprint.quantization).tensors)
    if (held.tensor.tiedTo === null) bytes[held.tensor.name] = Math.round(held.bytes * factor);
  return {
    ...blueprint,
    weights: { source: sizes.source, fileBytes: sizes.totalBytes, bytes, complete: true },
  };
}

/** Ties an output layer that is not among the names, and says how far names and config agree. */
function withNames(blueprint: Blueprint, names: readonly string[]): Blueprint {
  const match = matcherOf(blueprint, names);
  const found = new Set<string>();
  let unmatched = 0;
  for (const name of names) {
    const own = match(name);
    if (own === null) unmatched++;
    else found.add(own.name);
  }
  // Names of another layout say nothing about what is missing.
  if (found.size * 2 < blueprint.tensors.length) return blueprint;
  const embedding = blueprint.tensors.find((tensor) => tensor.role === 'embedding');
  const missing: string[] = [];
  const tensors = blueprint.tensors.map((tensor): TensorSpec => {
    if (found.has(tensor.name) || tensor.tiedTo !== null || tensor.module === 'buffer') return tensor;
    if (tensor.role === 'head' && embedding !== undefined) {
      if (elements(embedding.shape) === elements(tensor.shape)) return { ...tensor, tiedTo: embedding.name };
    }
    missing.push(tensor.name);
    return tensor;
  });
  return {
    ...blueprint,
    tensors,
    assumptions: [
      ...blueprint.assumptions,
      ...(missing.length > 0 ? [`the files do not hold ${someOf(missing)}`] : []),
      ...(unmatched > 0 ? [`${unmatched} tensors of the files are not loaded by the library`] : []),
    ],
  };
}

/** `a and 3 more` */
export function someOf(names: readonly string[]): string {
  const [first = ''] = names;
  return names.length === 1 ? first : `${first} and ${names.length - 1} more`;
}
