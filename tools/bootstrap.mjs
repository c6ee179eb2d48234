// Prepares a fresh clone with Node's built-ins alone, then runs the named script: node tools/bootstrap.mjs test|start [ARGUMENTS].
// It stands here and not in `pretest` and `prestart` because npm leaves those out where install scripts are switched off.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const oldestNode = [20, 12];

/** True for Node 20.12 or newer. */
function nodeIsNewEnough() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  return major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1]);
}

/** True when every package of the lock file that is not optional is installed in its version. */
function isInstalled() {
  const installedList = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(installedList)) return false;
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const installed = JSON.parse(readFileSync(installedList, 'utf8')).packages;
  return Object.entries(wanted).every(
    ([path, entry]) => path === '' || entry.optional || installed[path]?.version === entry.version,
  );
}

/** `npm ci`, through the npm that started us where there is one: on Windows `npm` is not an executable. */
function install() {
  console.log('Installing dependencies (npm ci)');
  const npm = process.env.npm_execpath;
  const { status } = npm?.endsWith('.js')
    ? spawnSync(process.execPath, [npm, 'ci'], { cwd: root, stdio: 'inherit' })
    : spawnSync('npm', ['ci'], { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' });
  return status === 0;
}

async function main() {
  if (!nodeIsNewEnough()) {
    console.error(`Rooflens needs Node ${oldestNode.join('.')} or newer; this is ${process.versions.node}.`);
    return 1;
  }
  if (!isInstalled() && !install()) {
    console.error('Dependencies could not be installed: npm ci failed, its messages are above.');
    return 1;
  }
  process.chdir(root);
  const [script, ...rest] = process.argv.slice(2);
  const { main: run } = await import(`./${script}.mjs`);
  return run(rest);
}

main().then(
  (code) => process.exit(code),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
