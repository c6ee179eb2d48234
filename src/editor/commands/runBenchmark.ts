import * as vscode from 'vscode';
import type { BenchReport } from '../../core/bench/benchReport';
import { benchmarkSentence, withoutOption } from '../benchmarkText';
import type { Services } from '../services';
import { waitsForTrust } from '../trust';
import { information, warning } from './command';
import type { Command, Outcome } from './command';

/** Measures this machine in a process of its own, with progress and a way to cancel, and says the result in one sentence. */
export const runBenchmark: Command = async (services) => {
  const waits = waitsForTrust('A benchmark');
  if (waits !== null) return warning(waits);
  if (services.benchmark.running !== null) return warning('A benchmark is running already.');
  return refusal(services, measure(services));
};

async function measure(services: Services): Promise<Outcome> {
  const report = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: 'Rooflens benchmark', cancellable: true },
    async (progress, token) => {
      token.onCancellationRequested(() => services.benchmark.cancel());
      let shown = 0;
      return services.benchmark.run(({ fraction, step }) => {
        progress.report({ message: step, increment: (fraction - shown) * 100 });
        shown = fraction;
      });
    },
  );
  return outcome(report);
}

function outcome(report: BenchReport | null): Outcome {
  if (report === null) return information('The benchmark was cancelled.');
  const sentence = benchmarkSentence(report);
  return report.warnings.length > 0 ? warning(sentence) : information(sentence);
}

/** A benchmark that was not begun says why, and is no failure; anything else is. */
async function refusal(services: Services, run: Promise<Outcome>): Promise<Outcome> {
  try {
    return await run;
  } catch (error) {
    if (!(error instanceof services.bundles.hardware().BenchRefused)) throw error;
    const reason = withoutOption(error.message);
    return warning(`${reason.charAt(0).toUpperCase()}${reason.slice(1)}.`);
  }
}
