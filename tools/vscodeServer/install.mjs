// Installs the VS Code server that npm carries, with a Node for it, into the cache folder.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cachedFolder } from './cache.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const pinned = ['package.json', 'package-lock.json'];

function npm(cwd, ...args) {
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const started = process.env.npm_execpath?.endsWith('.js')
    ? [process.execPath, [process.env.npm_execpath, ...args, ...flags]]
    : ['npm', [...args, ...flags]];
  const { status, stderr } = spawnSync(...started, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
    shell: process.platform === 'win32' && started[0] === 'npm',
  });
  if (status !== 0)
    throw new Error(`The VS Code server could not be installed: npm ${args[0]} failed.\n${stderr}`);
}

/** Node of the server's own major version: the packaged binary of this platform, else ours if it is of that version. */
function nodeOf(folder) {
  const packages = [
    `node-${process.platform}-${process.arch}`,
    `node-bin-${process.platform}-${process.arch}`,
  ];
  if (process.platform === 'win32') packages.push(`node-win-${process.arch}`);
  for (const name of packages)
    for (const file of ['node', 'node.exe']) {
      const path = join(folder, 'node_modules', name, 'bin', file);
      if (existsSync(path)) return path;
    }
  if (process.versions.node.startsWith('24.')) return process.execPath;
  throw new Error(
    `There is no packaged Node 24 for ${process.platform}-${process.arch}: start this with Node 24 to use the VS Code server.`,
  );
}

/** The installed server: `{ node, root }`, the Node to run it with and its folder with out/server-main.js. */
export async function installServer() {
  const hash = createHash('sha256');
  for (const file of pinned) hash.update(readFileSync(join(here, file)));
  const name = `vscode-server-${hash.digest('hex').slice(0, 16)}-${process.platform}-${process.arch}`;
  const folder = await cachedFolder(name, (partial) => {
    console.log('Installing the VS Code server (once)');
    for (const file of pinned) copyFileSync(join(here, file), join(partial, file));
    npm(partial, 'ci');
    npm(join(partial, 'node_modules', 'code-server', 'lib', 'vscode'), 'install', '--omit=dev');
  });
  return { node: nodeOf(folder), root: join(folder, 'node_modules', 'code-server', 'lib', 'vscode') };
}
