// Shows Rooflens: the command line's report of the example workspace, then an editor: npm start [-- FOLDER] [--no-open].
import { spawn, spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { buildAll } from './build.mjs';

const examples = 'examples';

/**
 * The report, part by part, as a person would ask for it, with the exit codes that are an answer: 1 of `check` says that something exceeds, 2 of `bench`
 * that it was refused, on a device that is busy or on a cluster's login node.
 */
const report = [
  { title: 'Hardware', args: ['hardware'], answers: [0] },
  { title: 'Benchmark', args: ['bench', '--quick'], answers: [0, 2] },
  {
    title: `Verdicts on ${examples}/, for an RTX 4090`,
    args: ['check', examples, '--target', 'rtx4090'],
    answers: [0, 1],
  },
];

/** Prints the report; gives the exit code of the first part that did not work, else 0. */
function printReport() {
  for (const { title, args, answers } of report) {
    console.log(`\n${title}\n${'─'.repeat(title.length)}`);
    const { status } = spawnSync(process.execPath, [join('dist', 'cli.js'), ...args], { stdio: 'inherit' });
    if (!answers.includes(status)) return status ?? 1;
  }
  return 0;
}

/** Opens the folder in the desktop editor and waits until it is closed. */
async function openDesktop(executable, folder) {
  const { ownFolders } = await import('./desktop.mjs');
  const { cacheRoot } = await import('./vscodeServer/cache.mjs');
  const switches = ownFolders(join(cacheRoot, 'desktop', 'profile'), { 'workbench.startupEditor': 'none' });
  const child = spawn(
    executable,
    [folder, `--extensionDevelopmentPath=${process.cwd()}`, '--disable-updates', ...switches],
    { stdio: 'ignore' },
  );
  return new Promise((done, fail) => child.once('error', fail).once('exit', (code) => done(code ?? 0)));
}

/** Serves the folder in the VS Code server and prints the address, until Ctrl+C. */
async function openServer(folder) {
  const { startServer } = await import('./vscodeServer/server.mjs');
  const settings = { 'workbench.startupEditor': 'none', 'telemetry.telemetryLevel': 'off' };
  const server = await startServer({ settings });
  const address = server.address(folder, [['extensionDevelopmentPath', server.uri(process.cwd())]]);
  console.log(`\nVS Code with Rooflens, until Ctrl+C:\n\n  ${address}\n`);
  await new Promise((stop) => process.once('SIGINT', stop).once('SIGTERM', stop));
  await server.stop();
  return 0;
}

/** Builds, prints the report, opens an editor; gives the exit code. */
export async function main(args) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { 'no-open': { type: 'boolean' } },
  });
  // npm runs scripts in the root of the clone; the folder is meant from where the user stands.
  const folder = resolve(process.env.INIT_CWD ?? '.', positionals[0] ?? resolve(examples));
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
    console.error(`${folder} is not a folder.`);
    return 2;
  }
  await buildAll();
  const code = printReport();
  if (code !== 0 || values['no-open']) return code;
  const { desktopEditor } = await import('./desktop.mjs');
  const executable = await desktopEditor();
  return executable === null ? openServer(folder) : openDesktop(executable, folder);
}
