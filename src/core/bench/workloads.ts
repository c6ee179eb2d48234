import { MiB } from '../units/bytes';
import type { FlopType } from '../hardware/device';
import type { TestName, TestUnit } from './benchReport';
import { onnxModel, type OnnxConstant, type OnnxModel, type OnnxNode } from './onnxModel';
import { pseudoRandom } from './pseudoRandom';

/**
 * A test as data: a chain of equal operations between one scalar in and one scalar out.
 *
 * The only input is a float32 tensor of shape [1], which is added to a constant first so that nothing can be folded away before the
 * run; the only output is a scalar, so that no large tensor crosses between JavaScript, host and device, and reading it forces
 * a device to finish. Two chains of different length differ by nothing but whole operations, so the difference of their
 * times is free of dispatch, upload and synchronisation.
 */
export interface Workload {
  readonly name: TestName;
  readonly type: FlopType;
  readonly unit: TestUnit;
  /** Sizes in rising order, of which a machine gets the largest that its speed allows. */
  readonly sizes: readonly number[];
  /** Longest chain: beyond it values would leave the range of float32, or memory is wasted. */
  readonly longestChain: number;
  /** Whether the time of a chain of one operation says something by itself. */
  readonly plainIsTold: boolean;
  /** [M, N, K] or [elements]. */
  shape(size: number): readonly number[];
  /** Work of one operation: FLOP, bytes, or 1 where seconds are the result. */
  work(size: number): number;
  /** Bytes of one tensor. */
  tensorBytes(size: number): number;
  build(size: number, chain: number): OnnxModel;
}

/** The names of the model's only input and output, both float32 [1]. */
export const inputName = 'scalar';
export const outputName = 'result';

const floatBytes = 4;
/** float32 constants of one model may take this much; longer chains use their matrices in turn. */
const weightBudget = 256 * MiB;
/** The sample that becomes the result has at most this many elements along each axis. */
const sampleSide = 16;

/**
 * Chain of float32 matrix products, N x N x N, 2 N³ operations each. Every product has its own random right-hand matrix (up to a
 * memory budget), scaled so that the variance stays: entries uniform in ±sqrt(3 / N) have variance 1 / N.
 */
export const gemm: Workload = {
  name: 'gemm',
  type: 'fp32',
  unit: 'FLOP/s',
  sizes: [256, 512, 1024, 2048, 4096],
  longestChain: 64,
  plainIsTold: true,
  shape: (n) => [n, n, n],
  work: (n) => 2 * n ** 3,
  tensorBytes: (n) => n * n * floatBytes,
  build: (n, chain) => {
    const matrices = Math.max(1, Math.min(chain, Math.floor(weightBudget / (n * n * floatBytes))));
    const constants: OnnxConstant[] = [{ name: 'start', dims: [n, n], data: pseudoRandom(n * n, 1, 1) }];
    for (let i = 0; i < matrices; i++)
      constants.push({ name: `w${i}`, dims: [n, n], data: pseudoRandom(n * n, i + 2, Math.sqrt(3 / n)) });
    const nodes: OnnxNode[] = [{ operator: 'Add', inputs: ['start', inputName], output: 'c0' }];
    for (let i = 0; i < chain; i++)
      nodes.push({ operator: 'MatMul', inputs: [`c${i}`, `w${i % matrices}`], output: `c${i + 1}` });
    return withScalarEnds(nodes, constants, `c${chain}`, [n, n]);
  },
};

/** Large tensors are made on the device from a row and a column: uploading them would take longer than measuring. */
const rowElements = 2 ** 18;

/**
 * Chain of float32 additions c[i+1] = c[i] + c[i-1]: two reads and one write of a whole tensor, which cannot happen in place because
 * both operands are still needed. Sizes are elements; write-allocate traffic is not counted, as STREAM does not
 * (J. D. McCalpin, Memory Bandwidth and Machine Balance in Current High Performance Computers, 1995).
 * Values grow like Fibonacci numbers, which bounds the chain: 1.62^128 is 6e26.
 */
export const bandwidth: Workload = {
  name: 'bandwidth',
  type: 'fp32',
  unit: 'B/s',
  sizes: [64, 128, 256].map((mebibytes) => (mebibytes * MiB) / floatBytes),
  longestChain: 64,
  plainIsTold: false,
  shape: (elements) => [elements],
  work: (elements) => 3 * elements * floatBytes,
  tensorBytes: (elements) => elements * floatBytes,
  build: (elements, chain) => {
    const columns = Math.min(elements, rowElements);
    const rows = elements / columns;
    const constants: OnnxConstant[] = [
      { name: 'start', dims: [1, columns], data: pseudoRandom(columns, 1, 1) },
      { name: 'column', dims: [rows, 1], data: pseudoRandom(rows, 2, 1) },
    ];
    const nodes: OnnxNode[] = [
      { operator: 'Add', inputs: ['start', inputName], output: 'row' },
      { operator: 'Add', inputs: ['column', 'row'], output: 'c0' },
      { operator: 'Mul', inputs: ['column', 'row'], output: 'c1' },
      ...additions(chain),
    ];
    return withScalarEnds(nodes, constants, `c${chain + 1}`, [rows, columns]);
  },
};

/** Chain of dependent additions of 256 elements: there is next to nothing to compute, so the time of one is what starting it takes. */
export const launch: Workload = {
  name: 'launch',
  type: 'fp32',
  unit: 's',
  sizes: [256],
  longestChain: 128,
  plainIsTold: true,
  shape: (elements) => [elements],
  work: () => 1,
  tensorBytes: (elements) => elements * floatBytes,
  build: (elements, chain) => {
    const nodes: OnnxNode[] = [
      { operator: 'Add', inputs: ['start', inputName], output: 'c0' },
      { operator: 'Mul', inputs: ['start', inputName], output: 'c1' },
      ...additions(chain),
    ];
    const start = { name: 'start', dims: [elements], data: pseudoRandom(elements, 1, 1) };
    return withScalarEnds(nodes, [start], `c${chain + 1}`, [elements]);
  },
};

/** The suite, in the order in which it runs: the longest test last, should time run out. */
export const workloads: readonly Workload[] = [gemm, launch, bandwidth];

function additions(chain: number): OnnxNode[] {
  return Array.from({ length: chain }, (_, i) => ({
    operator: 'Add',
    inputs: [`c${i + 1}`, `c${i}`],
    output: `c${i + 2}`,
  }));
}

/**
 * Completes a model: the result is the sum of the magnitudes of a regular sample of the last value, at most 16 elements along each
 * axis. Magnitudes, because a sum of values of both signs would cancel and hide an error.
 */
function withScalarEnds(
  nodes: readonly OnnxNode[],
  constants: readonly OnnxConstant[],
  last: string,
  dims: readonly number[],
): OnnxModel {
  const rank = [dims.length];
  return onnxModel({
    nodes: [
      ...nodes,
      { operator: 'Slice', inputs: [last, 'starts', 'ends', 'axes', 'steps'], output: 'sample' },
      { operator: 'ReduceL1', inputs: ['sample'], output: 'magnitude', intAttributes: { keepdims: 0 } },
      { operator: 'Reshape', inputs: ['magnitude', 'one'], output: outputName },
    ],
    constants: [
      ...constants,
      { name: 'starts', dims: rank, data: dims.map(() => 0) },
      { name: 'ends', dims: rank, data: dims },
      { name: 'axes', dims: rank, data: dims.map((_, axis) => axis) },
      { name: 'steps', dims: rank, data: dims.map((dim) => Math.max(1, Math.floor(dim / sampleSide))) },
      { name: 'one', dims: [1], data: [1] },
    ],
    inputs: [{ name: inputName, dims: [1] }],
    outputs: [{ name: outputName, dims: [1] }],
  });
}
