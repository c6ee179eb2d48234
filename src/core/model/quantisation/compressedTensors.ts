import { dtypeBytes } from '../../units/dtype';
import type { Quantization } from '../blueprint';
import { groupsOf, layerLinears } from './layerLinears';
import { type Method, moduleOf, skipMatcher } from './method';

type Group = NonNullable<Quantization['groups']>[number];

/** The first group whose targets name the module: `Linear` is every linear layer, `re:…` an expression. */
function groupFor(groups: readonly Group[]): (module: string) => Group | null {
  const prepared = groups.map((group) => ({
    group,
    all: group.targets.length === 0 || group.targets.includes('Linear'),
    named: skipMatcher(group.targets),
  }));
  return (module) => prepared.find(({ all, named }) => all || named(module))?.group ?? null;
}

/**
 * compressed-tensors (llm-compressor): packed int32 or fp8 values with scales in the model's type, one per group, or per
 * output row where there is no group size; 4-bit floats as NVFP4 or MXFP4 (compressors/ of that library).
 */
export const compressedTensors: Method = {
  names: ['compressed-tensors'],
  reachesFusedExperts: true,
  forModel({ quantization, dtype }) {
    const select = layerLinears(quantization);
    const find = groupFor(
      quantization.groups ?? [
        {
          targets: ['Linear'],
          bits: quantization.bits ?? 8,
          groupSize: quantization.groupSize ?? null,
          type: quantization.type ?? 'int',
        },
      ],
    );
    return (tensor) => {
      const matrices = select(tensor);
      const group = matrices === null ? null : find(moduleOf(tensor));
      if (matrices === null || group === null) return null;
      const { count, outputs, inputs } = matrices;
      const groups = groupsOf(inputs, group.groupSize, null);
      const packed = outputs * Math.ceil((inputs * group.bits) / 8);
      const smallFloat = group.type.startsWith('float') && group.bits === 4;
      // 4-bit floats scale by one byte per group; everything else by the model's type.
      const scales = outputs * groups * (smallFloat ? 1 : dtypeBytes(dtype));
      return {
        bytes: count * (packed + scales),
        format: `${group.type.split(':')[0] ?? 'int'}${group.bits}`,
      };
    };
  },
};
