import type { TestResult } from './benchReport';
import type { Engine, Session } from './engine';
import type { OnnxModel } from './onnxModel';
import { differentialTime, median, type OperationTime } from './statistics';
import { longChain, nextSize, trialChain, type TimingPlan } from './timingPlan';
import type { Workload } from './workloads';

export type MeasureStage = 'warm-up' | 'measuring';

export interface MeasureOptions {
  readonly plan: TimingPlan;
  /** null where the work is not done by CPU threads. */
  readonly threads: number | null;
  /** Last-level cache of the processor; null = unknown. The three tensors of the bandwidth test are four times this where time allows. */
  readonly cacheBytes: number | null;
  /** Memory that the benchmark may count on; null = unknown. */
  readonly memoryBytes: number | null;
  /** Computes the same graph for comparison of the values; null = nothing to compare with. */
  readonly reference: Engine | null;
  /** Awaited, so that the message is out before the next run blocks the thread. */
  readonly onProgress: (stage: MeasureStage, fraction: number) => Promise<void>;
}

/** A figure, or why there is none. */
export type Measured =
  { readonly test: TestResult; readonly reason: null } | { readonly test: null; readonly reason: string };

/** Two engines that compute the same in float32 differ by rounding; a wrong kernel differs by far more. */
const largestDifference = 1e-3;
/** Both sessions of a pair hold about four tensors each; this share of the memory leaves room for what else runs. */
const tensorShare = 1 / 32;
/** Where memory is unknown. */
const cautiousTensorBytes = 128 * 2 ** 20;

/** Every run gets another input, so that no result can be kept from the run before. */
function scalarOf(run: number): number {
  return 0.25 + (run % 64) / 256;
}

/**
 * Times one workload on one engine: finds the largest size that its speed allows, then runs a short and a long chain in turn,
 * warm-up first, and reports the difference per operation.
 */
export async function measure(
  workload: Workload,
  engine: Engine,
  options: MeasureOptions,
): Promise<Measured> {
  await options.onProgress('warm-up', 0);
  const chosen = await chooseSize(workload, engine, options);
  try {
    await options.onProgress('warm-up', 0.2);
    return await measureAt(workload, engine, chosen, options);
  } finally {
    await chosen.short.release();
  }
}

async function measureAt(
  workload: Workload,
  engine: Engine,
  { size, short, shortSeconds, operationSeconds }: Trial,
  options: MeasureOptions,
): Promise<Measured> {
  const scalar = scalarOf(0);
  const { value } = await short.run(scalar);
  if (!Number.isFinite(value) || value === 0) return { test: null, reason: `the computed value is ${value}` };
  let difference: number | null = null;
  if (options.reference !== null) {
    const expected = await valueOf(options.reference, workload.build(size, 1), scalar);
    difference = Math.abs(value - expected) / Math.abs(expected);
    if (!(difference <= largestDifference))
      return {
        test: null,
        reason: `its values differ from the CPU's by ${(difference * 100).toPrecision(2)} %, so its speed says nothing`,
      };
  }

  const chain = longChain(workload, shortSeconds, operationSeconds, options.plan);
  const long = await engine.open(workload.build(size, chain));
  try {
    const seconds = await timePair(short, long, options);
    const time = differentialTime({ chain: 1, seconds: seconds.short }, { chain, seconds: seconds.long });
    if (time === null)
      return { test: null, reason: 'the machine was too busy: runs of different length took equal time' };
    return {
      reason: null,
      test: {
        name: workload.name,
        type: workload.type,
        shape: workload.shape(size),
        threads: options.threads,
        ...figures(workload, size, time),
        unit: workload.unit,
        samples: seconds.long.length,
        ...plainFigure(workload, size, time, median(seconds.short)),
        ...(difference === null ? {} : { valueDifference: difference }),
      },
    };
  } finally {
    await long.release();
  }
}

/** A size that was tried: what a run of one operation takes, what one operation takes, and the open session of the former. */
interface Trial {
  readonly size: number;
  readonly short: Session;
  readonly shortSeconds: number;
  readonly operationSeconds: number;
}

/** Seconds of one operation at a size, from a few runs: to choose a size or to tell a GPU from a CPU, not to be reported. */
export async function operationSeconds(workload: Workload, engine: Engine, size: number): Promise<number> {
  const tried = await tryOut(workload, engine, size);
  await tried.short.release();
  return tried.operationSeconds;
}

async function tryOut(workload: Workload, engine: Engine, size: number): Promise<Trial> {
  const short = await engine.open(workload.build(size, 1));
  try {
    const shortSeconds = await fastestOf(short);
    const long = await engine.open(workload.build(size, trialChain));
    try {
      const difference = ((await fastestOf(long)) - shortSeconds) / (trialChain - 1);
      // Where noise hides the difference, a whole run is the safe bound.
      return { size, short, shortSeconds, operationSeconds: difference > 0 ? difference : shortSeconds };
    } finally {
      await long.release();
    }
  } catch (error) {
    await short.release();
    throw error;
  }
}

/** Of three runs, the first of which only fills the memory arena. */
async function fastestOf(session: Session): Promise<number> {
  await session.run(scalarOf(0));
  const first = await session.run(scalarOf(1));
  const second = await session.run(scalarOf(2));
  return Math.min(first.seconds, second.seconds);
}

async function chooseSize(workload: Workload, engine: Engine, options: MeasureOptions): Promise<Trial> {
  let bounds = {
    // Products are bound by computing, whatever their size; only bandwidth has to leave the cache, with three tensors in turn.
    wantedBytes:
      workload.name === 'bandwidth' && options.cacheBytes !== null ? (4 * options.cacheBytes) / 3 : null,
    allowedBytes:
      options.memoryBytes === null ? cautiousTensorBytes : Math.floor(options.memoryBytes * tensorShare),
  };
  let chosen = await tryOut(workload, engine, workload.sizes[0] ?? 1);
  for (;;) {
    const next = nextSize(workload, chosen.size, chosen.operationSeconds, options.plan, bounds);
    if (next === null) return chosen;
    let larger;
    try {
      larger = await tryOut(workload, engine, next);
    } catch {
      // A device may refuse a buffer that another takes: a smaller one is as good an answer.
      bounds = { ...bounds, allowedBytes: workload.tensorBytes(next) - 1 };
      continue;
    }
    await chosen.short.release();
    chosen = larger;
  }
}

async function valueOf(engine: Engine, model: OnnxModel, scalar: number): Promise<number> {
  const session = await engine.open(model);
  try {
    return (await session.run(scalar)).value;
  } finally {
    await session.release();
  }
}

/** Runs both chains in turn, so that a change of the machine's pace meets both alike. */
async function timePair(
  short: Session,
  long: Session,
  { plan, onProgress }: MeasureOptions,
): Promise<{ readonly short: readonly number[]; readonly long: readonly number[] }> {
  for (let run = 0; run < plan.warmUpRuns; run++) {
    await short.run(scalarOf(run));
    await long.run(scalarOf(run));
    await onProgress('warm-up', 0.2 + (0.2 * (run + 1)) / plan.warmUpRuns);
  }
  const seconds: { short: number[]; long: number[] } = { short: [], long: [] };
  let spent = 0;
  let told = 0;
  for (let run = 0; run < plan.maximumRuns; run++) {
    const done = Math.min(run / plan.minimumRuns, plan.measureSeconds > 0 ? spent / plan.measureSeconds : 1);
    if (done >= 1 || (spent >= plan.patienceSeconds && run >= plan.minimumRuns / 2)) break;
    if (run === 0 || done >= told + 0.1) {
      told = done;
      await onProgress('measuring', 0.4 + 0.6 * done);
    }
    const pair = {
      short: (await short.run(scalarOf(run))).seconds,
      long: (await long.run(scalarOf(run))).seconds,
    };
    seconds.short.push(pair.short);
    seconds.long.push(pair.long);
    spent += pair.short + pair.long;
  }
  return seconds;
}

function figures(
  workload: Workload,
  size: number,
  time: OperationTime,
): { readonly value: number; readonly low: number; readonly high: number } {
  if (workload.unit === 's') return { value: time.median, low: time.fastest, high: time.slowest };
  const work = workload.work(size);
  return { value: work / time.median, low: work / time.slowest, high: work / time.fastest };
}

function plainFigure(
  workload: Workload,
  size: number,
  time: OperationTime,
  shortSeconds: number,
): { readonly plain?: number } {
  if (!workload.plainIsTold || shortSeconds <= 1.2 * time.median) return {};
  return { plain: workload.unit === 's' ? shortSeconds : workload.work(size) / shortSeconds };
}
