import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { commands } from '../../src/editor/contributions';
import { api } from './api';
import { axolotl } from './fixtures';
import { closeEditors, eventually, extension, lensTitles, openText, untilLens } from './support';

/** Runs the benchmark's command, and gives its sentence. One of another window on this machine is waited for. */
async function measure(): Promise<string> {
  return eventually(
    'a benchmark of our own',
    async () => String(await vscode.commands.executeCommand(commands.runBenchmark)),
    (sentence) => !sentence.startsWith('Another benchmark is running'),
    60_000,
  );
}

/** Ids of processes that run our worker, from the system's own list. */
function workers(): readonly string[] {
  const worker = join(extension().extensionPath, 'dist', 'worker.js');
  return readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      return readFileSync(join('/proc', name, 'cmdline'), 'utf8')
        .split('\0')
        .includes(worker);
    } catch {
      // It ended in between.
      return false;
    }
  });
}

/** One sentence for people: a capital letter first, a full stop last, no stack trace. */
function assertSentence(text: string): void {
  assert.match(text, /^[A-Z].*\.$/);
  assert(!/\n|\bat .*:\d+:\d+/.test(text), text);
}

describe('benchmark', function () {
  this.timeout(90_000);
  // A quick benchmark has 14 s by the clock: on a machine that is busy with other things it may not come to the stage of a test.
  this.retries(2);
  before(() => extension().activate());
  afterEach(async () => {
    delete process.env['ROOFLENS_BENCH_FAULT'];
    await closeEditors();
  });

  it('measures the CPU and says the result in one sentence', async () => {
    const sentence = await measure();
    assertSentence(sentence);
    assert.match(sentence, /^Measured CPU [\d.]+ GB\/s, \d+ GFLOP\/s fp32/);
  });

  it('shows its progress in the status item, and ends when it is cancelled', async () => {
    const running = measure();
    await eventually(
      'progress',
      () => api().statusText(),
      (text) => /^\$\(sync~spin\) Benchmark \d+ %$/.test(text ?? ''),
    );
    assert.equal(await vscode.commands.executeCommand(commands.cancelBenchmark), null);
    assert.equal(await running, 'The benchmark was cancelled.');
    assert(!(api().statusText() ?? '').includes('Benchmark'));
  });

  it('leaves no process behind when it is cancelled while it measures', async function () {
    if (process.platform !== 'linux') return this.skip();
    const running = measure();
    await eventually('a process that measures', workers, (found) => found.length > 0, 30_000);
    await eventually(
      'some progress',
      () => Number(/Benchmark (\d+) %/.exec(api().statusText() ?? '')?.[1] ?? 0),
      (percent) => percent >= 5,
      30_000,
    );
    await vscode.commands.executeCommand(commands.cancelBenchmark);
    assert.equal(await running, 'The benchmark was cancelled.');
    await eventually('no process any more', workers, (found) => found.length === 0);
  });

  it('runs once at a time', async () => {
    const running = measure();
    await eventually(
      'progress',
      () => api().statusText(),
      (text) => text?.includes('Benchmark') === true,
    );
    assert.equal(await measure(), 'A benchmark is running already.');
    await vscode.commands.executeCommand(commands.cancelBenchmark);
    await running;
  });

  for (const signal of ['SIGKILL', 'SIGSEGV']) {
    for (const [stage, when] of [
      ['spawn', 'while starting'],
      ['load', 'while loading the engine'],
      ['warm-up', 'while warming up'],
      ['measuring', 'while measuring'],
      ['reporting', 'while reporting'],
    ] as const) {
      it(`survives its process's ${signal} at ${stage}, and says so in one sentence`, async () => {
        process.env['ROOFLENS_BENCH_FAULT'] = `cpu/${stage}:${signal}`;
        const host = process.pid;
        const sentence = await measure();
        assertSentence(sentence);
        assert(sentence.includes(`the CPU benchmark's process was ended by ${signal} ${when}`), sentence);
        assert.equal(process.pid, host);
        assert(extension().isActive);
      });
    }
  }

  it('leaves the editor answering after a crash', async () => {
    process.env['ROOFLENS_BENCH_FAULT'] = 'measuring:SIGSEGV';
    await measure();
    const { document } = await openText('benchmark/after.yaml', axolotl());
    await untilLens(document, /Fits/);
    assert.equal((await lensTitles(document)).length, 1);
  });
});
