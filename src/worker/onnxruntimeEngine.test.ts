import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as onnxruntime from 'onnxruntime-node';
import { bandwidth, gemm, launch } from '../core/bench/workloads';
import { onnxruntimeEngine } from './onnxruntimeEngine';

const swiftShader = '/usr/lib/chromium/vk_swiftshader_icd.json';
const models = [gemm.build(96, 3), launch.build(256, 20), bandwidth.build(2 ** 20, 5)];

async function values(provider: 'cpu' | 'webgpu'): Promise<number[]> {
  const engine = onnxruntimeEngine(onnxruntime, provider, 1);
  const found: number[] = [];
  for (const model of models) {
    const session = await engine.open(model);
    const { seconds, value } = await session.run(0.5);
    await session.release();
    assert.ok(seconds > 0 && Number.isFinite(value));
    found.push(value);
  }
  return found;
}

describe('onnxruntime as the engine', function () {
  this.timeout(60_000);

  it('says where operations ran', async () => {
    const { here, elsewhere } = await onnxruntimeEngine(onnxruntime, 'cpu', 1).placement(models[0]!);
    assert.ok(here >= 5);
    assert.equal(elsewhere, 0);
  });

  it('computes the same on both providers, with every operation on the GPU', async function () {
    if (!existsSync(swiftShader)) this.skip();
    // The Vulkan loader reads its variables once, so the GPU's side is another process, which runs this file's functions.
    const script = `const test = require(${JSON.stringify(__filename)});`;
    const output = execFileSync(
      process.execPath,
      ['-e', `globalThis.describe = () => {}; ${script} test.printWebGpu()`],
      {
        cwd: join(__dirname, '../../..'),
        encoding: 'utf8',
        env: { ...process.env, VK_ICD_FILENAMES: swiftShader, VK_DRIVER_FILES: swiftShader },
        stdio: ['ignore', 'pipe', 'ignore'],
      },
    );
    const gpu = JSON.parse(output) as { values: number[]; elsewhere: number[] };
    const cpu = await values('cpu');
    assert.deepEqual(gpu.elsewhere, [0, 0, 0]);
    assert.equal(gpu.values.length, cpu.length);
    for (const [i, value] of gpu.values.entries())
      assert.ok(Math.abs(value / cpu[i]! - 1) < 1e-4, `${value} is not ${cpu[i]!}`);
  });
});

/** What the process with the software GPU does. */
export async function printWebGpu(): Promise<void> {
  const engine = onnxruntimeEngine(onnxruntime, 'webgpu', 1);
  const elsewhere: number[] = [];
  for (const model of models) elsewhere.push((await engine.placement(model)).elsewhere);
  process.stdout.write(JSON.stringify({ values: await values('webgpu'), elsewhere }));
}
