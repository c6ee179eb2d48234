import assert from 'node:assert/strict';
import fc from 'fast-check';
import { nothingMeasured } from '../core/bench/suite';
import { parseDeviceResult, parseWorkerMessage, type WorkerMessage } from './bench';

const result = {
  type: 'result',
  result: {
    ...nothingMeasured('cpu', 'because'),
    tests: [
      {
        name: 'gemm',
        type: 'fp32',
        shape: [1024, 1024, 1024],
        threads: 2,
        value: 2e11,
        unit: 'FLOP/s',
        low: 1e11,
        high: 3e11,
        samples: 12,
        plain: 1e11,
        valueDifference: 1e-7,
      },
    ],
  },
} as const satisfies WorkerMessage;

const messages: readonly WorkerMessage[] = [
  { type: 'progress', stage: 'warm-up', test: null, fraction: 0 },
  { type: 'progress', stage: 'measuring', test: 'gemm', fraction: 1 },
  { type: 'adapter', adapter: { name: null, software: false } },
  { type: 'test', test: result.result.tests[0] },
  { type: 'failed', reason: 'no library' },
  result,
];

describe('messages of a benchmark process', () => {
  it('are taken as they are when they are right', () => {
    for (const message of messages)
      assert.deepEqual(parseWorkerMessage(JSON.parse(JSON.stringify(message))), message);
    assert.deepEqual(parseDeviceResult(result.result), result.result);
  });

  it('are null when any part is wrong', () => {
    const [test] = result.result.tests;
    const wrongTests = [
      { ...test, value: 0 },
      { ...test, value: null },
      { ...test, value: Infinity },
      { ...test, low: 4e11 },
      { ...test, samples: 0 },
      { ...test, threads: 1.5 },
      { ...test, shape: [] },
      { ...test, name: 'gem' },
      { ...test, unit: 'B' + '/h' },
      { ...test, more: 1 },
    ];
    for (const wrong of wrongTests)
      assert.equal(
        parseWorkerMessage({ type: 'result', result: { ...result.result, tests: [wrong] } }),
        null,
        JSON.stringify(wrong),
      );
    for (const wrong of [
      null,
      'result',
      [],
      {},
      { type: 'progress', stage: 'sleeping', test: null, fraction: 0 },
      { type: 'progress', stage: 'load', test: null, fraction: NaN },
      { type: 'failed', reason: 'x'.repeat(10_000) },
      { type: 'result', result: { ...result.result, engine: null } },
      { type: 'result', result: { ...result.result, skipped: Array(1000).fill(result.result.skipped[0]) } },
    ])
      assert.equal(parseWorkerMessage(wrong), null, JSON.stringify(wrong).slice(0, 100));
  });

  it('never make the reader throw, whatever they are', () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true, withBigInt: true }), (value) => {
        const message = parseWorkerMessage(value);
        assert.ok(message === null || 'type' in message);
      }),
      { numRuns: 500 },
    );
    // One member of a right message replaced by anything: right again only with the same kind of value.
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(result.result.tests[0])), fc.anything(), (key, value) => {
        const test = { ...result.result.tests[0], [key]: value };
        const parsed = parseDeviceResult({ ...result.result, tests: [test] });
        const [taken] = parsed?.tests ?? [];
        if (taken !== undefined)
          assert.ok(taken.low > 0 && taken.low <= taken.value && taken.value <= taken.high);
      }),
      { numRuns: 500 },
    );
  });
});
