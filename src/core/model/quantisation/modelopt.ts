import { dtypeBytes } from '../../units/dtype';
import type { TensorSpec } from '../blueprint';
import { unreadPatterns } from './compressedTensors';
import { type Matrices, matricesOf, type Method } from './method';
import { targetMatcher } from './modulePatterns';

interface Format {
  readonly name: string;
  readonly bytes: (matrices: Matrices, groupSize: number | null, tensor: TensorSpec, dtype: number) => number;
}

const along = (size: number, part: number): number => Math.ceil(size / part);

/** Nibbles and a scale of `scaleBytes` per group along the inputs. */
function nibbles({ outputs, inputs }: Matrices, group: number, scaleBytes: number): number {
  return outputs * (along(inputs, 2) + scaleBytes * along(inputs, group));
}

/**
 * What AWQ's scales of the inputs add where no norm or matrix before takes them in: they stay with the output projection and the
 * last matrix of the MLP (export/quant_utils.py, `pre_quant_scale`).
 */
function unfolded(tensor: TensorSpec, { inputs }: Matrices, dtype: number): number {
  return tensor.module !== 'experts' && (tensor.role === 'down' || tensor.role === 'o') ? inputs * dtype : 0;
}

/** ModelOpt's algorithms: fp32 scales, one for the inputs too where those are quantised (export/quant_utils.py of ModelOpt 0.47). */
const formats: Readonly<Record<string, Format>> = {
  FP8: { name: 'FP8', bytes: ({ outputs, inputs }) => outputs * inputs + 8 },
  FP8_PER_CHANNEL_PER_TOKEN: {
    name: 'FP8',
    bytes: ({ outputs, inputs }) => outputs * inputs + 4 * outputs,
  },
  FP8_PB_WO: {
    name: 'FP8',
    bytes: ({ outputs, inputs }) => outputs * inputs + 4 * along(outputs, 128) * along(inputs, 128),
  },
  FP8_PB_REAL: {
    name: 'FP8',
    bytes: ({ outputs, inputs }) => outputs * inputs + 4 * along(outputs, 128) * along(inputs, 128),
  },
  NVFP4: { name: 'NVFP4', bytes: (matrices, group) => nibbles(matrices, group ?? 16, 1) + 8 },
  NVFP4_AWQ: {
    name: 'NVFP4',
    bytes: (matrices, group, tensor, dtype) =>
      nibbles(matrices, group ?? 16, 1) + 8 + unfolded(tensor, matrices, dtype),
  },
  W4A16_NVFP4: { name: 'NVFP4', bytes: (matrices, group) => nibbles(matrices, group ?? 16, 1) + 4 },
  W4A8_NVFP4_FP8: { name: 'NVFP4', bytes: (matrices, group) => nibbles(matrices, group ?? 16, 1) + 8 },
  MXFP4: { name: 'MXFP4', bytes: (matrices, group) => nibbles(matrices, group ?? 32, 1) },
  W4A8_MXFP4_FP8: { name: 'MXFP4', bytes: (matrices, group) => nibbles(matrices, group ?? 32, 1) },
  MXFP8: {
    name: 'MXFP8',
    bytes: ({ outputs, inputs }, group) => outputs * (inputs + along(inputs, group ?? 32)),
  },
  W4A16_AWQ: {
    name: 'int4',
    bytes: (matrices, group, tensor, dtype) =>
      nibbles(matrices, group ?? 128, 4) + unfolded(tensor, matrices, dtype),
  },
  W4A8_AWQ: {
    name: 'int4',
    bytes: (matrices, group, tensor, dtype) =>
      nibbles(matrices, group ?? 128, 4) + 8 + unfolded(tensor, matrices, dtype),
  },
  W8A8_SQ_PER_CHANNEL: {
    name: 'int8',
    bytes: (matrices, _, tensor, dtype) =>
      matrices.outputs * (matrices.inputs + 4) +
      4 +
      (tensor.module === 'experts' ? 0 : matrices.inputs * dtype),
  },
  W8A16: { name: 'int8', bytes: ({ outputs, inputs }) => outputs * (inputs + 4) },
};

/** Whether ModelOpt's algorithm is one whose bytes are known. */
export function isModelOptAlgorithm(name: string): boolean {
  return Object.hasOwn(formats, name);
}

/**
 * NVIDIA ModelOpt as it exports checkpoints: every linear module that no exclude pattern names, experts apart; in mixed precision
 * each module under its own algorithm. `type` holds the algorithm's name.
 */
export const modelopt: Method = {
  names: ['modelopt', 'nvfp4'],
  reachesFusedExperts: true,
  assumption: unreadPatterns,
  forModel({ quantization, dtype }) {
    const excluded = targetMatcher(quantization.skip ?? []);
    const usual = quantization.type ?? (quantization.method === 'nvfp4' ? 'NVFP4' : '');
    const groups = (
      quantization.groups ?? [
        { targets: ['Linear'], bits: 4, groupSize: quantization.groupSize ?? null, type: usual },
      ]
    ).map((group) => ({ group, targets: targetMatcher(group.targets) }));
    const bytesOf = dtypeBytes(dtype);
    return (tensor) => {
      const matrices = matricesOf(tensor);
      if (matrices === null || excluded.matches(tensor)) return null;
      const group = groups.find(({ targets }) => targets.matches(tensor))?.group;
      // An algorithm for all is none for the output layer; mixed precision may name it.
      if (tensor.role === 'head' && group?.targets.includes('Linear') === true) return null;
      const format = group === undefined ? undefined : formats[group.type];
      if (group === undefined || format === undefined) return null;
      const bytes = format.bytes(matrices, group.groupSize, tensor, bytesOf);
      return { bytes: matrices.count * bytes, format: format.name };
    };
  },
};
