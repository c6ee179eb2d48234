import assert from 'node:assert/strict';
import type { BenchReport } from '../core/bench/benchReport';
import { benchText, formatFigure } from './benchText';

const report: BenchReport = {
  schema: 1,
  startedAt: '2026-01-02T03:04:05.000Z',
  seconds: 5.1,
  quick: true,
  results: [
    {
      device: 'cpu',
      engine: 'onnxruntime 1.30.0 cpu',
      adapter: { name: 'AMD EPYC 9B45', software: false },
      tests: [
        {
          name: 'gemm',
          type: 'fp32',
          shape: [1024, 1024, 1024],
          threads: 2,
          value: 483e9,
          unit: 'FLOP/s',
          low: 469e9,
          high: 495e9,
          samples: 10,
        },
        {
          name: 'launch',
          type: 'fp32',
          shape: [256],
          threads: 1,
          value: 3.37e-7,
          unit: 's',
          low: 3.3e-7,
          high: 4e-7,
          samples: 200,
        },
      ],
      skipped: [],
    },
    {
      device: 'gpu',
      engine: 'onnxruntime 1.30.0 webgpu',
      adapter: { name: 'llvmpipe', software: true },
      tests: [],
      skipped: [
        { name: 'gemm', type: 'fp32', reason: 'because' },
        { name: 'bandwidth', type: 'fp32', reason: 'because' },
      ],
    },
  ],
  comparison: [{ test: 'gemm', type: 'fp32', gpuOverCpu: 40.06 }],
  warnings: [],
};

describe('benchText', () => {
  it('is short and aligned', () => {
    assert.equal(
      benchText(report),
      [
        'CPU  AMD EPYC 9B45, onnxruntime 1.30.0 cpu',
        '  gemm    fp32  483 GFLOP/s  469 GFLOP/s to 495 GFLOP/s  1024 x 1024 x 1024, 2 threads',
        '  launch  fp32     0.337 us  0.330 us to 0.400 us        256 elements, 1 thread',
        '',
        'GPU  llvmpipe (software adapter, not a GPU), onnxruntime 1.30.0 webgpu',
        '  not measured: gemm fp32, bandwidth fp32: because',
        '',
        'GPU over CPU  gemm fp32 40.1x',
      ].join('\n'),
    );
  });

  it('names no adapter where none was found', () => {
    const [, gpu] = report.results;
    assert.ok(gpu !== undefined);
    const adapter = { name: null, software: false };
    const text = benchText({ ...report, results: [{ ...gpu, adapter }], comparison: [] });
    assert.match(text, /^GPU {2}onnxruntime 1\.30\.0 webgpu\n/u);
  });

  it('writes figures with three digits', () => {
    assert.equal(formatFigure(28.06e9, 'B/s'), '28.1 GB/s');
    assert.equal(formatFigure(1.65e14, 'FLOP/s'), '165 TFLOP/s');
    assert.equal(formatFigure(0.0123, 's'), '12.3 ms');
    assert.equal(formatFigure(2, 's'), '2.00 s');
    assert.equal(formatFigure(5e5, 'B'), '500000 B');
  });
});
