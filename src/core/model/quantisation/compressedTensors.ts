import { dtypeBytes } from '../../units/dtype';
import type { Quantization, WeightGroup } from '../blueprint';
import { matricesOf, type Method } from './method';
import { targetMatcher } from './modulePatterns';
import { schemeBytes, schemeName } from './scheme';

/** The groups of a quantisation; one for every linear module where it names none. */
export function groupsOfQuantization(quantization: Quantization): readonly WeightGroup[] {
  return (
    quantization.groups ?? [
      {
        targets: ['Linear'],
        bits: quantization.bits ?? 8,
        groupSize: quantization.groupSize ?? null,
        type: quantization.type ?? 'int',
      },
    ]
  );
}

/** Patterns of a quantisation that could not be read, as a sentence. */
export function unreadPatterns(quantization: Quantization): string | null {
  const lists = [quantization.skip ?? [], ...(quantization.groups ?? []).map(({ targets }) => targets)];
  const [first, ...more] = lists.flatMap((list) => targetMatcher(list).unread);
  if (first === undefined) return null;
  const rest = more.length === 0 ? '' : ` and ${more.length} more`;
  return `the module pattern ${first.slice(0, 60)}${rest} is not understood and counted as matching nothing`;
}

/**
 * compressed-tensors (llm-compressor): every linear module that a group targets and `ignore` does not name, the output layer too;
 * each group has its own scheme. Experts are apart in its checkpoints.
 */
export const compressedTensors: Method = {
  names: ['compressed-tensors'],
  reachesFusedExperts: true,
  assumption: unreadPatterns,
  forModel({ quantization, dtype }) {
    // Every recipe leaves the output layer out; a config says so itself.
    const ignored = targetMatcher(
      quantization.skip ?? (quantization.groups === undefined ? ['lm_head'] : []),
    );
    const groups = groupsOfQuantization(quantization).map((group) => ({
      group,
      targets: targetMatcher(group.targets.length === 0 ? ['Linear'] : group.targets),
    }));
    return (tensor) => {
      const matrices = matricesOf(tensor);
      if (matrices === null || tensor.module === 'conv1d' || ignored.matches(tensor)) return null;
      const group = groups.find(({ targets }) => targets.matches(tensor))?.group;
      if (group === undefined || group.bits >= 16) return null;
      const bytes = schemeBytes(matrices, group, dtypeBytes(dtype));
      return { bytes: matrices.count * bytes, format: schemeName(group) };
    };
  },
};
