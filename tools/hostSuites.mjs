// The windows that the host tests run in, and how their results are read: the same for the desktop editor and for the server.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const projectRoot = join(dirname(fileURLToPath(import.meta.url)), '..');

/** What the editor calls as its test runner. */
export const testsPath = join(projectRoot, 'out', 'test', 'host', 'index.js');

/** Longest time that one window may take for its suite, in milliseconds. */
export const suiteDeadline = 8 * 60_000;

/**
 * The windows that the tests run in. `windows` = how many fresh ones; each runs the whole suite. `discarded` = how many more come before them, whose
 * results do not count: the first window of a fresh profile writes its own settings, which opens a JSON document and so activates Rooflens.
 */
export const hostSuites = {
  workspace: { folder: true, trust: true, windows: 1, discarded: 0 },
  noFolder: { folder: false, trust: true, windows: 1, discarded: 0 },
  untrusted: { folder: true, trust: false, windows: 1, discarded: 0 },
  coldStart: { folder: true, trust: true, windows: 5, discarded: 1 },
};

/** A user's settings for a window under test: nothing that opens by itself. */
export const quietSettings = {
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'security.workspace.trust.startupPrompt': 'never',
  'telemetry.telemetryLevel': 'off',
  'chat.disableAIFeatures': true,
  'git.enabled': false,
};

/** What a test host is told through its environment; its caches are empty folders of its own. */
export function hostEnvironment(scratch, suite, grep) {
  const temporary = join(scratch, 'tmp');
  mkdirSync(temporary, { recursive: true });
  return {
    // Its own, so that another run's benchmark does not lock out this one's. Not on macOS, whose long paths would not hold the names of sockets.
    ...(process.platform === 'darwin' ? {} : { TMPDIR: temporary, TEMP: temporary, TMP: temporary }),
    ROOFLENS_HOST_RESULTS: join(scratch, 'results.jsonl'),
    ROOFLENS_HOST_NOTES: scratch,
    ROOFLENS_HOST_SUITE: suite,
    ROOFLENS_HOST_GREP: grep ?? '',
    ROOFLENS_SHARED: process.env.ROOFLENS_SHARED ?? resolve(projectRoot, '..', 'shared'),
    XDG_CACHE_HOME: join(scratch, 'cache'),
    HF_HOME: join(scratch, 'huggingface'),
  };
}

/** A fresh copy of the example workspace. */
export function copyOfExamples(scratch) {
  const folder = join(scratch, 'workspace');
  mkdirSync(join(folder, '.vscode'), { recursive: true });
  writeFileSync(join(folder, '.vscode', 'settings.json'), '{ "rooflens.target": "rtx4090" }\n');
  if (existsSync(join(projectRoot, 'examples')))
    cpSync(join(projectRoot, 'examples'), folder, { recursive: true });
  return folder;
}

/** What a host wrote: the events of test/host/hostEvents.ts. */
export function readEvents(file) {
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
  return lines.map((line) => JSON.parse(line));
}

/** Counts and prints what a host wrote; a host that did not come to its end, or ran nothing, counts as a failure. */
function printResults(file, label) {
  const events = readEvents(file);
  let passed = 0;
  let failed = 0;
  for (const each of events)
    if (each.event === 'pass') {
      passed++;
      console.log(`  ✓ ${label}: ${each.title} (${each.milliseconds} ms)`);
    } else if (each.event === 'pending') console.log(`  - ${label}: ${each.title} (skipped)`);
    else if (each.event === 'note') console.log(`    ${label}: ${each.text}`);
    else if (each.event === 'fail') {
      failed++;
      console.log(`  ✗ ${label}: ${each.title}\n${each.message.replace(/^/gm, '      ')}`);
    }
  if (!events.some(({ event }) => event === 'end')) {
    failed++;
    console.log(`  ✗ ${label}: the host ended before the suite did`);
  } else if (passed + failed === 0) {
    failed++;
    console.log(`  ✗ ${label}: no test ran`);
  }
  return { passed, failed };
}

/**
 * Runs suites one after the other. `openEditor({ env, trust, settings, suite })` gives an editor `{ runWindow(folder), close() }` whose `runWindow` opens a
 * fresh window, lets it run the suite and gives the problem, or null. Gives how many tests passed and failed.
 */
export async function runSuites(openEditor, { suites = Object.keys(hostSuites), grep } = {}) {
  const sum = { passed: 0, failed: 0 };
  for (const suite of suites) {
    const { folder: hasFolder, trust, windows, discarded } = hostSuites[suite];
    const scratch = mkdtempSync(join(tmpdir(), `rooflens-${suite}-`));
    const env = hostEnvironment(scratch, suite, grep);
    try {
      const folder = hasFolder ? copyOfExamples(scratch) : null;
      const editor = await openEditor({ env, trust, settings: quietSettings, scratch });
      try {
        for (let window = 1 - discarded; window <= windows; window++) {
          rmSync(env.ROOFLENS_HOST_RESULTS, { force: true });
          const problem = await editor.runWindow(folder);
          if (window < 1) continue;
          const label = windows > 1 ? `${suite} ${window}` : suite;
          const { passed, failed } = printResults(env.ROOFLENS_HOST_RESULTS, label);
          sum.passed += passed;
          sum.failed += failed;
          if (problem === null || failed > 0) continue;
          sum.failed++;
          console.log(`  ✗ ${label}: ${problem}`);
        }
      } finally {
        await editor.close();
      }
    } finally {
      rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
    }
  }
  return sum;
}
