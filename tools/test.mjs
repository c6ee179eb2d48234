// Everything that has to hold, step by step; a failing step does not hide the ones after it. `node tools/test.mjs [STEP]…` runs only those.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { checkNeutralBundle } from './boundaries.mjs';
import { buildAll } from './build.mjs';
import { compile } from './compile.mjs';
import { checkSizes } from './sizes.mjs';

/** Runs a tool of node_modules with our own Node: the links in .bin are shell scripts on some systems. */
function tool(path, args, env = {}) {
  const options = { stdio: 'inherit', env: { ...process.env, ...env } };
  return spawnSync(process.execPath, [join('node_modules', path), ...args], options).status ?? 1;
}

const check = (path, ...args) => (tool(path, args) === 0 ? [] : [`${basename(path)} found a problem`]);

/** Runs mocha over compiled files, and adds its counts to `counts`. */
function mocha(counts, ...patterns) {
  const scratch = mkdtempSync(join(tmpdir(), 'rooflens-mocha-'));
  const file = join(scratch, 'counts.json');
  const status = tool('mocha/bin/mocha.js', ['--reporter', 'tools/mochaReporter.cjs', ...patterns], {
    ROOFLENS_TEST_COUNTS: file,
  });
  const result = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null;
  rmSync(scratch, { recursive: true, force: true });
  if (result === null) return [`mocha ended with code ${status} before its tests did`];
  counts.passed += result.passed;
  counts.failed += result.failed;
  if (result.passed + result.failed === 0) return [`no test was found in ${patterns.join(' ')}`];
  if (result.failed > 0) return [`${result.failed} tests failed`];
  return status === 0 ? [] : [`mocha ended with code ${status}`];
}

/** Adds what tests in an editor gave to `counts`. */
function count(counts, { passed, failed }) {
  counts.passed += passed;
  counts.failed += failed;
  return failed === 0 ? [] : [`${failed} tests failed`];
}

async function host(counts) {
  const { runHostTests } = await import('./hostTest.mjs');
  return count(counts, await runHostTests());
}

/** What users install. */
async function packageStep(counts) {
  const { runPackageTests } = await import('./packageTest.mjs');
  return count(counts, await runPackageTests());
}

/** Each step gives the sentences that say what is wrong: none = it holds. */
const steps = {
  types: () => check('typescript/bin/tsc', '-p', '.'),
  lint: () => check('eslint/bin/eslint.js', '--max-warnings=0', 'src', 'test'),
  format: () => check('prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.'),
  boundaries: async () => [
    ...check('dependency-cruiser/bin/dependency-cruise.mjs', 'src', '--config', '.dependency-cruiser.cjs'),
    ...(await checkNeutralBundle()),
  ],
  sizes: async () => checkSizes(await buildAll()),
  unit: (counts) => mocha(counts, 'out/src/**/*.test.js', 'out/test/project/**/*.test.js'),
  golden: (counts) => mocha(counts, 'out/test/golden/**/*.test.js'),
  host,
  package: packageStep,
};

const needsCompiling = ['unit', 'golden', 'host'];

/** Runs the named steps, all of them without a name; gives the exit code. */
export async function main(wanted) {
  const unknown = wanted.filter((name) => !(name in steps));
  if (unknown.length > 0) {
    console.error(`No such step: ${unknown.join(', ')}. Steps: ${Object.keys(steps).join(', ')}.`);
    return 2;
  }
  const names = Object.keys(steps).filter((name) => wanted.length === 0 || wanted.includes(name));
  if (names.includes('host') && !names.includes('sizes')) await buildAll();
  if (names.some((name) => needsCompiling.includes(name))) await compile();
  const counts = { passed: 0, failed: 0 };
  let brokenSteps = 0;
  for (const name of names) {
    console.log(`\n== ${name}`);
    const start = performance.now();
    const failedBefore = counts.failed;
    const problems = await Promise.resolve()
      .then(() => steps[name](counts))
      .catch((error) => [error.message]);
    for (const problem of problems) console.log(`✗ ${name}: ${problem}`);
    if (problems.length > 0 && counts.failed === failedBefore) brokenSteps++;
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    console.log(`== ${name}: ${problems.length === 0 ? 'ok' : 'FAILED'} (${seconds} s)`);
  }
  // A step without tests of its own that does not hold counts as one failure, so that this line is never green on a red run.
  const failed = counts.failed + brokenSteps;
  console.log(`\n${counts.passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}
