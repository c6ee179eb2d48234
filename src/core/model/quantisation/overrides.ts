import type { Quantization, TensorSpec, WeightGroup } from '../blueprint';
import { targetMatcher } from './modulePatterns';

/** The group that names a tensor's module, for methods whose groups are exceptions from what holds for the rest; the first wins. */
export function overrideFor(quantization: Quantization): (tensor: TensorSpec) => WeightGroup | null {
  const groups = (quantization.groups ?? []).map((group) => ({
    group,
    targets: targetMatcher(group.targets),
  }));
  return (tensor) => groups.find(({ targets }) => targets.matches(tensor))?.group ?? null;
}
