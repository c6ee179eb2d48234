import assert from 'node:assert/strict';
import * as onnxruntime from 'onnxruntime-node';
import type { OnnxModel } from './onnxModel';
import { pseudoRandom } from './pseudoRandom';
import { bandwidth, gemm, inputName, launch, outputName, workloads } from './workloads';

async function run(model: OnnxModel, scalar: number): Promise<number> {
  const session = await onnxruntime.InferenceSession.create(model.bytes, {
    externalData: [...model.externalData],
    logSeverityLevel: 3,
  });
  const input = new onnxruntime.Tensor('float32', Float32Array.of(scalar), [1]);
  const output = (await session.run({ [inputName]: input }))[outputName];
  await session.release();
  assert.deepEqual(output?.dims, [1]);
  const value = output.data[0];
  assert.ok(typeof value === 'number');
  return value;
}

/** Sum of magnitudes at every `step`th row and column. */
function sampled(values: readonly number[], rows: number, columns: number): number {
  const rowStep = Math.max(1, Math.floor(rows / 16));
  const columnStep = Math.max(1, Math.floor(columns / 16));
  let sum = 0;
  for (let row = 0; row < rows; row += rowStep)
    for (let column = 0; column < columns; column += columnStep)
      sum += Math.abs(values[row * columns + column] ?? NaN);
  return sum;
}

function close(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) <= 1e-4 * Math.abs(expected), `${actual} is not ${expected}`);
}

/** c[0] = a + b, c[1] = a * b, c[i+1] = c[i] + c[i-1]; the value after `chain` additions. */
function additions(a: number, b: number, chain: number): number {
  let [before, now] = [a + b, a * b];
  for (let i = 0; i < chain; i++) [before, now] = [now, before + now];
  return now;
}

describe('workloads, run by onnxruntime', () => {
  it('gemm multiplies by a different matrix at every step', async () => {
    const n = 40;
    const scalar = 0.375;
    for (const chain of [1, 3]) {
      let current = [...pseudoRandom(n * n, 1, 1)].map((value) => value + scalar);
      for (let step = 0; step < chain; step++) {
        const right = pseudoRandom(n * n, step + 2, Math.sqrt(3 / n));
        current = current.map((_, position) => {
          const row = Math.floor(position / n);
          let sum = 0;
          for (let k = 0; k < n; k++)
            sum += (current[row * n + k] ?? NaN) * (right[k * n + (position % n)] ?? NaN);
          return sum;
        });
      }
      close(await run(gemm.build(n, chain), scalar), sampled(current, n, n));
    }
  });

  it('bandwidth adds the last two tensors at every step', async () => {
    for (const [elements, chain] of [
      [1024, 1],
      [2 ** 19, 5],
    ] as const) {
      const columns = Math.min(elements, 2 ** 18);
      const rows = elements / columns;
      const row = [...pseudoRandom(columns, 1, 1)].map((value) => value + 0.5);
      const column = [...pseudoRandom(rows, 2, 1)];
      const all = column.flatMap((left) => row.map((right) => additions(left, right, chain)));
      close(await run(bandwidth.build(elements, chain), 0.5), sampled(all, rows, columns));
    }
  });

  it('launch does the same on next to nothing, and its longest chain stays within float32', async () => {
    for (const chain of [1, 7, launch.longestChain]) {
      const values = [...pseudoRandom(256, 1, 1)].map((value) => additions(value, 0.25, chain));
      close(await run(launch.build(256, chain), 0.25), sampled(values, 1, 256));
    }
  });

  it('state their work and size', () => {
    assert.equal(gemm.work(1024), 2 * 1024 ** 3);
    assert.equal(bandwidth.work(16), 3 * 64);
    assert.ok(bandwidth.sizes.every((size) => bandwidth.tensorBytes(size) >= 64 * 2 ** 20));
    for (const workload of workloads)
      assert.deepEqual(
        [...workload.sizes].sort((a, b) => a - b),
        workload.sizes,
        workload.name,
      );
  });

  it('keep their data outside the model, every matrix another', () => {
    const model = gemm.build(64, 5);
    assert.ok(model.bytes.length < 4096);
    assert.equal(model.externalData.length, 6);
    assert.equal(new Set(model.externalData.map(({ data }) => Buffer.from(data).toString('base64'))).size, 6);
    // Beyond the budget for weights, matrices take turns.
    assert.equal(gemm.build(4096, 8).externalData.length, 1 + 4);
  });
});
