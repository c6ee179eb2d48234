import { benchStages, type BenchStage } from '../protocol/bench';
import type { BenchJob } from '../core/bench/suite';

/**
 * Makes this process fail on purpose, so that tests can show what a failing one leaves intact. Nothing but the benchmark process
 * reads it. `ROOFLENS_BENCH_FAULT=[cpu/|gpu/]STAGE:ACTION`, ACTION = SIGKILL, SIGSEGV, SIGABRT, `exit` (code 3), `hang` or
 * `garbage` (sends a message that is none). See docs/testing.md.
 */
export const faultVariable = 'ROOFLENS_BENCH_FAULT';

const actions = ['SIGKILL', 'SIGSEGV', 'SIGABRT', 'exit', 'hang', 'garbage'] as const;
type FaultAction = (typeof actions)[number];

interface Fault {
  readonly device: BenchJob['device'] | null;
  readonly stage: BenchStage;
  readonly action: FaultAction;
}

/** The fault that the variable asks for; null for none, and for a text that is none. */
export function parseFault(text: string | undefined): Fault | null {
  const match = /^(?:(?<device>cpu|gpu)\/)?(?<stage>[a-z-]+):(?<action>\w+)$/u.exec(text ?? '');
  const stage = benchStages.find((name) => name === match?.groups?.['stage']);
  const action = actions.find((name) => name === match?.groups?.['action']);
  if (stage === undefined || action === undefined) return null;
  const device = match?.groups?.['device'];
  return { device: device === 'cpu' || device === 'gpu' ? device : null, stage, action };
}

/** Fails now if this stage is the one. `device` is null before the job is known: then a fault for one device waits. */
export async function failHere(
  fault: Fault | null,
  stage: BenchStage,
  device: BenchJob['device'] | null,
): Promise<void> {
  if (fault?.stage !== stage || (fault.device !== null && fault.device !== device)) return;
  switch (fault.action) {
    case 'SIGKILL':
    case 'SIGSEGV':
    case 'SIGABRT':
      process.kill(process.pid, fault.action);
      return hang();
    case 'exit':
      process.exit(3);
      break;
    case 'hang':
      return hang();
    case 'garbage':
      process.send?.({ type: 'result', result: { device: 'cpu', tests: 'none' } });
  }
}

/** A signal arrives a little later; a hang never ends. The timer keeps the process alive. */
function hang(): Promise<never> {
  return new Promise(() => setInterval(() => undefined, 1000));
}
