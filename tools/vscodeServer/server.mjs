// Starts and stops a VS Code server with fresh data folders.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { installServer } from './install.mjs';

const startDeadline = 60_000;

/** A port that nothing listens on. */
async function freePort() {
  const server = createServer();
  await new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** The extension host outlives its server by a moment, and still writes: a folder that cannot go yet is tried again. */
async function removeOnceQuiet(folder) {
  const deadline = Date.now() + 15_000;
  for (;;) {
    try {
      await rm(folder, { recursive: true, force: true });
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

/** Resolves when the server says that it listens. */
function untilListening(child, log) {
  return new Promise((resolve, reject) => {
    const fail = (why) => reject(new Error(`The VS Code server did not start: ${why}\n${log.join('')}`));
    const timer = setTimeout(() => fail(`nothing after ${startDeadline / 1000} s`), startDeadline);
    child.once('exit', (code) => fail(`it ended with code ${code}`));
    child.stdout.on('data', (text) => {
      if (!text.includes('Extension host agent started')) return;
      clearTimeout(timer);
      resolve();
    });
  });
}

/**
 * Starts a server on 127.0.0.1 with data folders of its own, which go when it stops.
 * `trust` false = every folder opens in Restricted Mode. `env` reaches the extension host. `settings` are the user's settings.
 * `prepare(folders)` may install extensions before the start.
 */
export async function startServer({ env = {}, trust = true, settings = {}, prepare, port: wantedPort } = {}) {
  const installed = await installServer();
  const port = wantedPort ?? (await freePort());
  const base = mkdtempSync(join(tmpdir(), 'rooflens-server-'));
  const folders = { data: join(base, 'data'), extensions: join(base, 'extensions') };
  for (const profile of ['User', 'Machine']) {
    const folder = join(folders.data, 'data', profile);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'settings.json'), JSON.stringify(settings, null, 2));
  }
  mkdirSync(folders.extensions);
  await prepare?.({ ...installed, ...folders });
  const child = spawn(
    installed.node,
    [
      'out/server-main.js',
      ...['--host', '127.0.0.1', '--port', String(port), '--without-connection-token'],
      ...['--accept-server-license-terms', '--enable-smoke-test-driver', '--disable-telemetry'],
      ...['--server-data-dir', folders.data, '--extensions-dir', folders.extensions],
      ...(trust ? ['--disable-workspace-trust'] : []),
    ],
    { cwd: installed.root, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const log = [];
  child.stdout.setEncoding('utf8').on('data', (text) => log.push(text));
  child.stderr.setEncoding('utf8').on('data', (text) => log.push(text));
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const stop = async () => {
    process.off('exit', kill);
    if (child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      const timer = setTimeout(kill, 5_000);
      await ended;
      clearTimeout(timer);
    }
    await removeOnceQuiet(base);
  };
  try {
    await untilListening(child, log);
  } catch (error) {
    await stop();
    throw error;
  }
  const authority = `127.0.0.1:${port}`;
  return {
    log,
    stop,
    folders,
    /** How this server names a file. */
    uri: (path) => `vscode-remote://${authority}${pathToFileURL(path).pathname}`,
    /** The address of a window: with a folder or empty, and with the pairs that the workbench takes as its start options. */
    address(folder, payload = []) {
      const query = new URLSearchParams();
      if (folder === null) query.set('ew', 'true');
      else query.set('folder', pathToFileURL(folder).pathname);
      if (payload.length > 0) query.set('payload', JSON.stringify(payload));
      return `http://${authority}/?${query}`;
    },
  };
}
