import { existsSync } from 'node:fs';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { tryLock } from './machineLock';

describe('machine lock', () => {
  let folder = '';
  let path = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rooflens-lock-'));
    path = join(folder, 'lock');
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('is held by one alone and free again after', async () => {
    const first = await tryLock(path);
    assert.ok(first.release !== null);
    assert.deepEqual(await tryLock(path), { release: null, heldBy: process.pid });
    await first.release();
    const second = await tryLock(path);
    assert.ok(second.release !== null);
    await second.release();
    assert.deepEqual(await readdir(folder), []);
  });

  it('is given to one of many that ask at once', async () => {
    for (const content of [null, JSON.stringify({ pid: 2 ** 30, host: hostname() })]) {
      if (content !== null) await writeFile(path, content);
      const attempts = await Promise.all(Array.from({ length: 20 }, () => tryLock(path)));
      const winners = attempts.flatMap(({ release }) => release ?? []);
      assert.equal(winners.length, 1);
      await winners[0]?.();
      assert.equal(existsSync(`${path}.guard`), false);
    }
  });

  it('of a process that was killed, of long ago, and damaged ones are free at once', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => 0, 1000)'], { stdio: 'ignore' });
    await writeFile(path, JSON.stringify({ pid: child.pid, host: hostname() }));
    assert.deepEqual(await tryLock(path), { release: null, heldBy: child.pid });
    child.kill('SIGKILL');
    await once(child, 'exit');
    const taken = await tryLock(path);
    assert.ok(taken.release !== null);
    await taken.release();

    for (const content of ['', '{"pid":-1}', '[]', JSON.stringify({ pid: 'x', host: hostname() })]) {
      await writeFile(path, content);
      const attempt = await tryLock(path);
      assert.ok(attempt.release !== null, content);
      await attempt.release();
    }
    await writeFile(path, JSON.stringify({ pid: process.pid, host: hostname() }));
    const longAgo = new Date(Date.now() - 3600_000);
    await utimes(path, longAgo, longAgo);
    const attempt = await tryLock(path);
    assert.ok(attempt.release !== null);
    await attempt.release();
  });

  it('of another machine on a shared disk is respected', async () => {
    await writeFile(path, JSON.stringify({ pid: 1, host: `not-${hostname()}` }));
    assert.deepEqual(await tryLock(path), { release: null, heldBy: null });
  });
});
