import { information } from './command';
import type { Command } from './command';

/** Ends the running benchmark; the command that started it says how it ended. */
export const cancelBenchmark: Command = (services) =>
  Promise.resolve(services.benchmark.cancel() ? null : information('No benchmark is running.'));
