import { runSuite, type BenchJob } from '../core/bench/suite';
import type { BenchStage, HostMessage, WorkerMessage } from '../protocol/bench';
import { failHere, faultVariable, parseFault } from './fault';
import { onnxruntimeEngine } from './onnxruntimeEngine';
import { vulkanAdapters } from './vulkanAdapters';

/**
 * The benchmark process: one job in, progress and one result out. Native code may end it at any time, and runs block its
 * thread, so the host watches it from outside and kills it to cancel.
 */
const fault = parseFault(process.env[faultVariable]);

// A host that is gone wants nothing measured any more.
process.on('disconnect', () => process.exit(0));

void main();

async function main(): Promise<void> {
  try {
    await enter('spawn', null);
    const job = await receiveJob();
    await send({ type: 'result', result: await measureJob(job) }, job);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    await post({ type: 'failed', reason: reason.slice(0, 900) });
  }
  process.disconnect();
}

async function measureJob(job: BenchJob): ReturnType<typeof runSuite> {
  await failHere(fault, 'spawn', job.device);
  await enter('load', job.device);
  const adapters = job.device === 'gpu' ? await vulkanAdapters() : null;
  const onnxruntime = await import('onnxruntime-node');
  let last: BenchStage = 'load';
  return runSuite(job, {
    engineVersion: onnxruntime.env.versions.common,
    cpu: (threads) => onnxruntimeEngine(onnxruntime, 'cpu', threads),
    gpu: onnxruntimeEngine(onnxruntime, 'webgpu', job.threads),
    adapters,
    elapsed: () => process.uptime(),
    onTest: (test) => post({ type: 'test', test }),
    onAdapter: (adapter) => post({ type: 'adapter', adapter }),
    onProgress: async (stage, test, fraction) => {
      await post({ type: 'progress', stage, test, fraction });
      if (stage !== last) await failHere(fault, stage, job.device);
      last = stage;
    },
  });
}

/** Reports a stage, and fails there if a test wants it. */
async function enter(stage: BenchStage, device: BenchJob['device'] | null): Promise<void> {
  await post({ type: 'progress', stage, test: null, fraction: 0 });
  await failHere(fault, stage, device);
}

async function send(message: WorkerMessage, job: BenchJob): Promise<void> {
  await post({ type: 'progress', stage: 'reporting', test: null, fraction: 1 });
  await failHere(fault, 'reporting', job.device);
  await post(message);
}

/** Resolves when the message is out: the next run may block this thread for a while. */
function post(message: WorkerMessage): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined) resolve();
    else process.send(message, undefined, undefined, () => resolve());
  });
}

/** The host is this program itself, so its one message is taken as it is. */
function receiveJob(): Promise<BenchJob> {
  return new Promise((resolve) => {
    process.once('message', (message: HostMessage) => resolve(message.job));
  });
}
