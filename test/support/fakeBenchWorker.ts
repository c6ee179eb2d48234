import type { BenchJob } from '../../src/core/bench/suite';
import { nothingMeasured } from '../../src/core/bench/suite';
import { benchStages, type HostMessage, type WorkerMessage } from '../../src/protocol/bench';
import { failHere, faultVariable, parseFault } from '../../src/worker/fault';

/**
 * A benchmark process that measures nothing: it goes through the stages, fails where `ROOFLENS_BENCH_FAULT` says so, and sends
 * a result whose one figure is the number of threads that it was given.
 */
const fault = parseFault(process.env[faultVariable]);

process.on('disconnect', () => process.exit(0));

const adapter = { name: 'A fake GPU', software: false };

void main();

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
    if (stage === 'load' && job.device === 'gpu') await post({ type: 'adapter', adapter });
  }
  await post({
    type: 'result',
    result: {
      ...nothingMeasured(job.device, 'not part of this test', job.device === 'gpu' ? adapter : undefined),
      tests: [
        {
          name: 'gemm',
          type: 'fp32',
          shape: [8, 8, 8],
          threads: job.threads,
          value: job.threads,
          unit: 'FLOP/s',
          low: job.threads,
          high: job.threads,
          samples: 10,
        },
      ],
    },
  });
  process.disconnect();
}

function post(message: WorkerMessage): Promise<void> {
  return new Promise((resolve) => {
    process.send?.(message, undefined, undefined, () => resolve());
  });
}
