import { dtypeBytes, type Dtype } from '../../units/dtype';
import type { Quantization, TensorSpec } from '../blueprint';
import { unreadPatterns } from './compressedTensors';
import { type Matrices, type Method, scalesOf } from './method';
import { skipMatcher } from './modulePatterns';
import { overrideFor } from './overrides';
import { scaleShape } from './scheme';
import { convertedModules, everyLinear } from './transformersModules';

/** Kinds of weights that torchao's config classes ask for; `type` of a quantisation, the bits and groups beside it. */
export const torchaoTypes = ['int8', 'float8', 'int4', 'intx'] as const;
export type TorchaoType = (typeof torchaoTypes)[number];

interface Wanted {
  readonly type: string;
  readonly bits: number;
  readonly groupSize: number | null;
  readonly strategy: NonNullable<Quantization['strategy']>;
}

const padded = (size: number, to: number): number => Math.ceil(size / to) * to;

/**
 * One matrix as torchao 0.18 keeps it (quantization/quantize_/workflows): int8 with an fp32 scale and an int8 zero point per output
 * (Int8Tensor); float8 with fp32 scales (Float8Tensor); 4 bits tiled for tensor cores, padded to 1024 inputs and 8 outputs, a scale
 * and a zero in bf16 per group (Int4TilePackedTo4dTensor); other integers one to a byte, scales in the model's type and int8 zero
 * points (IntxUnpackedToInt8Tensor).
 */
function bytesOf(matrices: Matrices, wanted: Wanted, dtype: Dtype): number {
  const { outputs, inputs } = matrices;
  const { groupSize, bits } = wanted;
  const scales = scalesOf(matrices, scaleShape({ ...wanted, blockShape: null }));
  switch (wanted.type) {
    case 'float8':
      return outputs * inputs + 4 * scales;
    case 'int4': {
      const [rows, columns] = [padded(outputs, 8), padded(inputs, 1024)];
      return (rows * columns) / 2 + 4 * rows * Math.ceil(columns / (groupSize ?? 128));
    }
    case 'intx':
      return outputs * inputs + scales * (dtypeBytes(dtype) + 1);
    default:
      return bits === 8
        ? outputs * inputs + 5 * scales
        : Math.ceil((outputs * inputs * bits) / 8) + 5 * scales;
  }
}

/**
 * torchao through transformers (quantizers/quantizer_torchao.py): the weights of linear modules, those that derive from torch.nn.Linear
 * too; embeddings and the output layer where the config includes them; bare parameters such as fused experts are passed by.
 */
export const torchao: Method = {
  names: ['torchao'],
  reachesFusedExperts: false,
  assumption: unreadPatterns,
  forModel(context) {
    const { quantization, dtype } = context;
    const select = convertedModules(context, everyLinear);
    const skip = skipMatcher(quantization.skip ?? []);
    const override = overrideFor(quantization);
    const ends = (tensor: TensorSpec): Matrices | null => {
      const wanted = tensor.role === 'head' || tensor.role === 'embedding';
      if (quantization.embeddings !== true || !wanted || tensor.shape.length !== 2 || skip.matches(tensor))
        return null;
      const [outputs = 0, inputs = 0] = tensor.shape;
      return { count: 1, outputs, inputs };
    };
    return (tensor) => {
      const matrices = select(tensor) ?? ends(tensor);
      const own = matrices === null ? null : override(tensor);
      if (matrices === null || (own?.bits ?? 0) >= 16) return null;
      const wanted: Wanted = {
        type: own?.type ?? quantization.type ?? 'int8',
        bits: own?.bits ?? quantization.bits ?? 8,
        groupSize: own === null ? (quantization.groupSize ?? null) : own.groupSize,
        strategy: (own === null ? quantization.strategy : own.strategy) ?? 'channel',
      };
      const name = wanted.type === 'intx' ? `int${wanted.bits} in a byte` : wanted.type;
      return { bytes: matrices.count * bytesOf(matrices, wanted, dtype), format: name };
    };
  },
};
