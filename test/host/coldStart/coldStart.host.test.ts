import assert from 'node:assert/strict';
import { appendFileSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { report } from '../hostEvents';
import { extension } from '../support';

type Activate = (...args: readonly unknown[]) => unknown;

const windows = 5;
const budgetMilliseconds = 10;

/** Milliseconds that the call of `activate` takes in this window, its module loaded before. */
async function measureActivate(): Promise<number> {
  assert(!extension().isActive, 'this window is not cold: Rooflens is active already');
  const load = createRequire(__filename);
  const path = join(extension().extensionPath, 'dist', 'extension.js');
  const loaded = load(path) as { readonly activate: Activate };
  const cached = load.cache[path];
  assert(cached, 'the module is not where the editor will look for it');
  const calls: number[] = [];
  const timed: Activate = (...args) => {
    const start = performance.now();
    const result = loaded.activate(...args);
    calls.push(performance.now() - start);
    return result;
  };
  cached.exports = { ...loaded, activate: timed };
  await extension().activate();
  const [milliseconds] = calls;
  assert(milliseconds !== undefined, 'the editor called another activate');
  return milliseconds;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

describe('a cold window', () => {
  it(`calls activate for at most ${budgetMilliseconds} ms (median of ${windows} windows)`, async () => {
    const notes = join(process.env['ROOFLENS_HOST_NOTES'] ?? '', 'activate.txt');
    appendFileSync(notes, `${await measureActivate()}\n`);
    const measured = readFileSync(notes, 'utf8').trim().split('\n').map(Number);
    if (measured.length < windows) return;
    const all = measured.map((value) => value.toFixed(1)).join(', ');
    report({ event: 'note', text: `activate() took ${all} ms, median ${median(measured).toFixed(1)} ms` });
    assert(median(measured) <= budgetMilliseconds, `activate() took ${all} ms`);
  });
});
