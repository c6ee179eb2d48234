import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { delimiter } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { fakeTool, temporaryFolder } from '../../test/fakeTool';
import { findOnPath, runTool } from './process';

/** Command lines of this machine's processes. */
function commandLines(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/u.test(name))
    .map((name) => {
      try {
        return readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ');
      } catch {
        return '';
      }
    });
}

describe('runTool', () => {
  before(function () {
    if (process.platform === 'win32') this.skip();
  });

  it('gives output, exit code and the C locale', async () => {
    const { path } = fakeTool('tool', 'echo "$LC_ALL $1"; echo oops >&2; exit 3');
    const run = await runTool(path, ['a b; c'], { timeoutMs: 5000 });
    assert.deepEqual(run, {
      argv: [path, 'a b; c'],
      outcome: 'exited',
      exit: 3,
      stdout: 'C a b; c\n',
      stderr: 'oops\n',
    });
  });

  it('ends a tool that hangs, with all that it started, and keeps what it said', async () => {
    const { path } = fakeTool('tool', 'echo before; sleep 86.4321; echo after');
    const started = performance.now();
    const run = await runTool(path, [], { timeoutMs: 200 });
    assert.ok(performance.now() - started < 3000);
    assert.deepEqual([run.outcome, run.exit, run.stdout], ['timeout', null, 'before\n']);
    await delay(100);
    assert.ok(!commandLines().some((line) => line.includes('86.4321')));
  });

  it('ends a tool that prints without end', async () => {
    const { path } = fakeTool('tool', 'while :; do echo yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy; done');
    const run = await runTool(path, [], { timeoutMs: 20_000, maxOutputBytes: 10_000 });
    assert.equal(run.outcome, 'too-much-output');
  });

  it('does not wait for what a tool left behind', async () => {
    const { path } = fakeTool('tool', 'sleep 5 & echo done');
    const started = performance.now();
    const run = await runTool(path, [], { timeoutMs: 20_000 });
    assert.deepEqual([run.outcome, run.stdout], ['exited', 'done\n']);
    assert.ok(performance.now() - started < 4000);
  });

  it('is ended by its signal', async () => {
    const { path } = fakeTool('tool', 'sleep 30');
    const controller = new AbortController();
    const run = runTool(path, [], { timeoutMs: 20_000, signal: controller.signal });
    controller.abort(new Error('enough'));
    await assert.rejects(run, /enough/u);
    await assert.rejects(runTool(path, [], { timeoutMs: 1000, signal: controller.signal }), /enough/u);
  });

  it('says when there is nothing to run, or nothing that may be run', async () => {
    const missing = await runTool('/no/such/tool', [], { timeoutMs: 1000 });
    assert.deepEqual([missing.outcome, missing.exit], ['not-found', null]);
    const folder = await runTool(temporaryFolder(), [], { timeoutMs: 1000 });
    assert.equal(folder.outcome, 'denied');
  });
});

describe('findOnPath', () => {
  before(function () {
    if (process.platform === 'win32') this.skip();
  });

  it('finds a tool in an absolute folder of PATH alone', async () => {
    const { path, environment } = fakeTool('sometool', 'true');
    assert.equal(await findOnPath('sometool', environment), path);
    assert.equal(await findOnPath('no-such-tool', environment), null);
    assert.equal(await findOnPath('package.json', { PATH: ['.', 'src', ''].join(delimiter) }), null);
    assert.equal(await findOnPath('sometool', {}), null);
  });
});
