// Proves that the host tests bite: blanks each thing that the built bundle registers with the editor, one at a time, and shows that every
// run of the host tests goes red. `npm run test:teeth [-- PATTERN]` tries only the ids that hold PATTERN.
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildAll } from './build.mjs';
import { compile } from './compile.mjs';
import { runWindow } from './hostServer.mjs';
import { copyOfExamples, hostEnvironment, projectRoot, quietSettings, readEvents } from './hostSuites.mjs';
import { openBrowser } from './vscodeServer/browser.mjs';
import { startServer } from './vscodeServer/server.mjs';

/** Registered, but nothing that a user sees: the log and what only listens. */
const unseen = ['window.createOutputChannel', 'workspace.createFileSystemWatcher'];

/** A copy of the extension whose bundle sees the editor through tools/teeth/blanking.cjs. */
function watchedExtension(scratch) {
  const folder = join(scratch, 'extension');
  mkdirSync(folder);
  for (const name of ['package.json', 'media', 'dist', 'docs'])
    if (existsSync(join(projectRoot, name)))
      cpSync(join(projectRoot, name), join(folder, name), { recursive: true });
  symlinkSync(join(projectRoot, 'node_modules'), join(folder, 'node_modules'), 'junction');
  const bundle = join(folder, 'dist', 'extension.js');
  const text = readFileSync(bundle, 'utf8');
  const patched = text.replaceAll(/require\((["'])vscode\1\)/g, 'require("./blanking.cjs")($&)');
  if (patched === text)
    throw new Error('The bundle does not load the editor in the way that this script knows.');
  writeFileSync(bundle, patched);
  cpSync(join(projectRoot, 'tools', 'teeth', 'blanking.cjs'), join(folder, 'dist', 'blanking.cjs'));
  return folder;
}

/** One run of the host tests with `id` blanked (null: none), to the first failure; gives that failure, or null. */
async function firstFailure({ browser, server, env, scratch, extensionFolder }, id) {
  rmSync(env.ROOFLENS_HOST_RESULTS, { force: true });
  rmSync(env.ROOFLENS_TEETH_BLANK, { force: true });
  if (id !== null) writeFileSync(env.ROOFLENS_TEETH_BLANK, id);
  const problem = await runWindow(
    browser,
    server,
    copyOfExamples(mkdtempSync(join(scratch, 'run-'))),
    extensionFolder,
  );
  const failure = readEvents(env.ROOFLENS_HOST_RESULTS).find(({ event }) => event === 'fail');
  return failure ?? (problem === null ? null : { title: problem, message: '' });
}

async function main(pattern) {
  await buildAll();
  await compile();
  const scratch = mkdtempSync(join(tmpdir(), 'rooflens-teeth-'));
  const env = {
    ...hostEnvironment(scratch, 'workspace'),
    ROOFLENS_HOST_BAIL: 'true',
    ROOFLENS_HOST_LAST: 'benchmark',
    ROOFLENS_TEETH_LOG: join(scratch, 'registered.txt'),
    ROOFLENS_TEETH_BLANK: join(scratch, 'blank.txt'),
  };
  const browser = await openBrowser();
  const server = await startServer({ env, settings: quietSettings });
  let green = 0;
  try {
    const extensionFolder = watchedExtension(scratch);
    const runs = { browser, server, env, scratch, extensionFolder };
    const broken = await firstFailure(runs, null);
    if (broken !== null)
      throw new Error(`With nothing blanked the host tests fail already: ${broken.title}\n${broken.message}`);
    const registered = readFileSync(env.ROOFLENS_TEETH_LOG, 'utf8').trim().split('\n');
    const ids = [...new Set(registered)]
      .filter((id) => !unseen.includes(id) && id.includes(pattern))
      .toSorted();
    for (const id of ids) {
      const failure = await firstFailure(runs, id);
      if (failure === null) green++;
      console.log(failure === null ? `✗ ${id}: blanked, and every test passed` : `✓ ${id}: ${failure.title}`);
    }
    console.log(`\n${ids.length - green} of ${ids.length} blanked runs went red`);
  } finally {
    await server.stop();
    await browser.close();
    rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
  }
  return green === 0 ? 0 : 1;
}

main(process.argv[2] ?? '').then(
  (code) => {
    process.exitCode = code;
  },
  (error) => {
    console.error(error.message);
    process.exitCode = 1;
  },
);
