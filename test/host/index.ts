import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import Mocha from 'mocha';
import { report } from './hostEvents';

/**
 * The compiled files of a suite: those of this folder for `workspace`, else those of the folder with the suite's name. The file that
 * ROOFLENS_HOST_LAST names comes last: a run that ends at its first failure is quicker when the slow tests wait.
 */
function filesOf(suite: string): readonly string[] {
  const folder = suite === 'workspace' ? __dirname : join(__dirname, suite);
  const last = `${process.env['ROOFLENS_HOST_LAST'] ?? ''}.host.test.js`;
  return readdirSync(folder)
    .filter((name) => name.endsWith('.host.test.js'))
    .toSorted((left, right) => Number(left === last) - Number(right === last) || left.localeCompare(right))
    .map((name) => join(folder, name));
}

/**
 * Runs the suite that ROOFLENS_HOST_SUITE names inside the extension host; the editor calls this as its test runner.
 * Rejects when a test fails or when there was none.
 */
export async function run(): Promise<void> {
  const suite = process.env['ROOFLENS_HOST_SUITE'] ?? 'workspace';
  const grep = process.env['ROOFLENS_HOST_GREP'];
  const mocha = new Mocha({
    ui: 'bdd',
    timeout: 30_000,
    slow: 2_000,
    reporter: 'min',
    bail: process.env['ROOFLENS_HOST_BAIL'] === 'true',
    ...(grep ? { grep } : {}),
  });
  for (const file of filesOf(suite)) mocha.addFile(file);
  await new Promise<void>((resolve, reject) => {
    const runner = mocha.run((failures) => {
      report({ event: 'end' });
      if (failures > 0) reject(new Error(`${failures} of ${runner.total} host tests failed`));
      else if (runner.total === 0) reject(new Error(`no host test was found for ${suite}`));
      else resolve();
    });
    runner.on('pass', (test) =>
      report({ event: 'pass', title: test.fullTitle(), milliseconds: test.duration ?? 0 }),
    );
    runner.on('pending', (test) => report({ event: 'pending', title: test.fullTitle() }));
    runner.on('fail', (test, error: unknown) => {
      const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
      report({ event: 'fail', title: test.fullTitle(), message });
    });
  });
}
