import type { BenchAdapter, TestResult } from '../../src/core/bench/benchReport';
import { partlyMeasured, type BenchJob } from '../../src/core/bench/suite';
import { benchStages, type HostMessage, type WorkerMessage } from '../../src/protocol/bench';
import { failHere, faultVariable, parseFault } from '../../src/worker/fault';

/**
 * A benchmark process that measures nothing: it goes through the stages, fails where `ROOFLENS_BENCH_FAULT` says so, and sends
 * a result whose one figure is the number of threads that it was given.
 */
const fault = parseFault(process.env[faultVariable]);

process.on('disconnect', () => process.exit(0));

void main();

function adapterOf({ device }: BenchJob): BenchAdapter {
  return { name: device === 'gpu' ? 'A fake GPU' : null, software: false };
}

function figure({ threads }: BenchJob): TestResult {
  return {
    name: 'gemm',
    type: 'fp32',
    shape: [8, 8, 8],
    threads,
    value: threads,
    unit: 'FLOP/s',
    low: threads,
    high: threads,
    samples: 10,
  };
}

async function main(): Promise<void> {
  await post({ type: 'progress', stage: 'spawn', test: null, fraction: 0 });
  await failHere(fault, 'spawn', null);
  const job = await new Promise<BenchJob>((resolve) =>
    process.once('message', (message: HostMessage) => resolve(message.job)),
  );
  for (const [position, stage] of benchStages.entries()) {
    const fraction = position / (benchStages.length - 1);
    await post({ type: 'progress', stage, test: stage === 'measuring' ? 'gemm' : null, fraction });
    await failHere(fault, stage, job.device);
    if (stage === 'load' && job.device === 'gpu') await post({ type: 'adapter', adapter: adapterOf(job) });
    if (stage === 'measuring') await post({ type: 'test', test: figure(job) });
  }
  await post({
    type: 'result',
    result: partlyMeasured(job.device, [figure(job)], 'not part of this test', adapterOf(job)),
  });
  process.disconnect();
}

function post(message: WorkerMessage): Promise<void> {
  return new Promise((resolve) => {
    process.send?.(message, undefined, undefined, () => resolve());
  });
}
