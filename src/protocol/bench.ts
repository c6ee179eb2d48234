import * as v from 'valibot';
import type { BenchJob } from '../core/bench/suite';
import type { BenchAdapter, DeviceResult, TestName, TestResult } from '../core/bench/benchReport';

/**
 * Messages between the host and a benchmark process. The process runs native code of others and may be in any state, so what it
 * sends is checked against these schemas and not believed.
 */

/** How far a benchmark process is, in order. */
export const benchStages = ['spawn', 'load', 'warm-up', 'measuring', 'reporting'] as const;
export type BenchStage = (typeof benchStages)[number];

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
/** JSON has no infinities; a message that was cloned may have. */
const positive = v.pipe(v.number(), v.finite(), v.gtValue(0));
const text = v.pipe(v.string(), v.maxLength(1000));

const testName = v.picklist([
  'gemm',
  'prefill',
  'decode',
  'bandwidth',
  'launch',
  'copyH2D',
  'copyD2H',
  'copyD2D',
  'allReduce',
  'context',
]);
const type = v.picklist(['fp32', 'tf32', 'fp16', 'bf16', 'fp8', 'int8', 'fp4']);
const device = v.picklist(['cpu', 'gpu', 'torch']);

const testResult = v.pipe(
  v.strictObject({
    name: testName,
    type,
    shape: v.pipe(v.array(count), v.minLength(1), v.maxLength(4)),
    threads: v.nullable(count),
    value: positive,
    unit: v.picklist(['FLOP/s', 'B/s', 's', 'B']),
    low: positive,
    high: positive,
    samples: count,
    plain: v.exactOptional(positive),
    valueDifference: v.exactOptional(v.pipe(v.number(), v.finite(), v.minValue(0))),
  }),
  v.check(({ low, value, high }) => low <= value && value <= high, 'low <= value <= high'),
);

const adapter = v.strictObject({ name: v.nullable(text), software: v.boolean() });

const deviceResult = v.strictObject({
  device,
  engine: text,
  adapter,
  tests: v.pipe(v.array(testResult), v.maxLength(100)),
  skipped: v.pipe(v.array(v.strictObject({ name: testName, type, reason: text })), v.maxLength(100)),
});

const workerMessage = v.variant('type', [
  v.strictObject({
    type: v.literal('progress'),
    stage: v.picklist(benchStages),
    test: v.nullable(testName),
    fraction: v.pipe(v.number(), v.minValue(0), v.maxValue(1)),
  }),
  v.strictObject({ type: v.literal('adapter'), adapter }),
  v.strictObject({ type: v.literal('test'), test: testResult }),
  v.strictObject({ type: v.literal('result'), result: deviceResult }),
  v.strictObject({ type: v.literal('failed'), reason: text }),
]);

/** Worker to host. */
export type WorkerMessage =
  | {
      readonly type: 'progress';
      readonly stage: BenchStage;
      readonly test: TestName | null;
      /** 0 to 1, of this device's work. */
      readonly fraction: number;
    }
  /** As soon as it is known, so that it can be named whatever becomes of the process. */
  | { readonly type: 'adapter'; readonly adapter: BenchAdapter }
  /** A figure that the result will hold too. */
  | { readonly type: 'test'; readonly test: TestResult }
  | { readonly type: 'result'; readonly result: DeviceResult }
  | { readonly type: 'failed'; readonly reason: string };

/** Host to worker: one job, then nothing more. */
export interface HostMessage {
  readonly type: 'job';
  readonly job: BenchJob;
}

/** The message if it is one, else null. */
export function parseWorkerMessage(message: unknown): WorkerMessage | null {
  const parsed = v.safeParse(workerMessage, message);
  return parsed.success ? parsed.output : null;
}

/** A device's result if it is one, else null: what another process printed. */
export function parseDeviceResult(value: unknown): DeviceResult | null {
  const parsed = v.safeParse(deviceResult, value);
  return parsed.success ? parsed.output : null;
}
