import assert from 'node:assert/strict';
import { compareDevices, type DeviceResult, type TestResult } from './benchReport';

function test(value: number, change: Partial<TestResult> = {}): TestResult {
  return {
    name: 'gemm',
    type: 'fp32',
    shape: [1024, 1024, 1024],
    threads: null,
    value,
    unit: 'FLOP/s',
    low: value,
    high: value,
    samples: 10,
    ...change,
  };
}

function result(device: 'cpu' | 'gpu', tests: readonly TestResult[], software = false): DeviceResult {
  return { device, engine: 'onnxruntime', adapter: { name: null, software }, tests, skipped: [] };
}

const cpu = result('cpu', [
  test(100, { threads: 1 }),
  test(200, { threads: 2 }),
  test(1e-6, { name: 'launch', unit: 's', threads: 2 }),
]);

describe('compareDevices', () => {
  it('divides the rates that both have, against the CPU with all its threads', () => {
    const gpu = result('gpu', [
      test(8000),
      test(1e-5, { name: 'launch', unit: 's' }),
      test(9, { name: 'bandwidth' }),
    ]);
    assert.deepEqual(compareDevices([cpu, gpu]), [{ test: 'gemm', type: 'fp32', gpuOverCpu: 40 }]);
  });

  it('compares neither a software adapter nor a device with itself', () => {
    assert.deepEqual(compareDevices([cpu, result('gpu', [test(1)], true)]), []);
    assert.deepEqual(compareDevices([cpu]), []);
  });
});
