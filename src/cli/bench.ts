import { InvalidArgumentError, Option, type Command } from 'commander';
import { defaultCeilingsFolder } from '../platform/bench/ceilingsStore';
import { BenchRefused, runBenchmark, type BenchProgress } from '../platform/bench/runBenchmark';
import { detectHardware } from '../platform/hardware';
import { benchText } from './benchText';
import { CliFailure } from './failure';
import { printJson, printMessage, printText, wantsJson, type OutputOptions } from './output';

interface BenchCommandOptions extends OutputOptions {
  readonly quick?: boolean;
  readonly device: 'cpu' | 'gpu' | 'torch' | 'all';
  readonly threads?: number;
  readonly python?: string;
  readonly force?: boolean;
}

/** `rooflens bench`: measures this machine now, and keeps the figures for the other commands. */
export function registerBench(program: Command): void {
  program
    .command('bench')
    .description('measure this machine: matrix products, memory bandwidth, launch latency')
    .option('--quick', 'be done within 15 seconds')
    .addOption(
      new Option('--device <device>', 'what to measure')
        .choices(['cpu', 'gpu', 'torch', 'all'])
        .default('all'),
    )
    .option('--threads <n>', 'CPU threads (default: the physical cores)', threadCount)
    .option('--python <path>', 'measure the PyTorch of this interpreter as well')
    .option('--force', 'measure on a login node, and on a device that is in use')
    .option('--json', 'print JSON')
    .option('--pretty', 'print indented JSON')
    .action(bench);
}

/** A quick benchmark ends within 15 s of the program's start, whatever the detection took; the last half second is for the answer. */
const quickEnd = 14.5;

async function bench(options: BenchCommandOptions): Promise<void> {
  const quick = options.quick ?? false;
  const { machine } = await detectHardware(quick ? { toolTimeoutMs: 1500 } : {});
  const progress = progressPrinter();
  try {
    const report = await runBenchmark({
      quick,
      quickSeconds: quickEnd - process.uptime(),
      machine,
      ceilingsFolder: defaultCeilingsFolder(),
      device: options.device,
      ...(options.threads === undefined ? {} : { threads: options.threads }),
      python: options.python ?? null,
      force: options.force ?? false,
      onProgress: progress.show,
    });
    progress.clear();
    for (const warning of report.warnings) printMessage(`rooflens: ${warning}`);
    if (wantsJson(options)) printJson(report, options);
    else printText(benchText(report));
  } catch (error) {
    progress.clear();
    throw error instanceof BenchRefused ? new CliFailure(error.message) : error;
  }
}

/** One line that is written over on a terminal, a line per test elsewhere. */
function progressPrinter(): { show: (progress: BenchProgress) => void; clear: () => void } {
  let last = '';
  const terminal = process.stderr.isTTY;
  return {
    show: ({ device, stage, test, fraction }) => {
      const doing = `${device} ${test === null ? stage : `${test}, ${stage}`}`;
      if (terminal) process.stderr.write(`\r\u001b[K${(fraction * 100).toFixed(0).padStart(3)} %  ${doing}`);
      else if (doing !== last) printMessage(doing);
      last = doing;
    },
    clear: () => {
      if (terminal) process.stderr.write('\r\u001b[K');
    },
  };
}

/** More threads than this is a slip of the finger. */
const mostThreads = 1024;

function threadCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > mostThreads)
    throw new InvalidArgumentError(`expected a whole number from 1 to ${mostThreads}.`);
  return count;
}
