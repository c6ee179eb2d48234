// Runs the host suites where this machine can: node tools/hostTest.mjs [--suite NAME]… [--grep TEXT] [--no-build] [--server].
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { buildAll } from './build.mjs';
import { compile } from './compile.mjs';
import { desktopEditor, runInDesktop } from './desktop.mjs';
import { runInServer } from './hostServer.mjs';
import { hostSuites } from './hostSuites.mjs';

/** In the desktop editor where there is a display and it can be had, else in the VS Code server. */
export async function runHostTests(options = {}) {
  const executable = options.server ? null : await desktopEditor();
  return executable === null ? runInServer(options) : runInDesktop(executable, options);
}

async function main(args) {
  const { values } = parseArgs({
    args,
    options: {
      suite: { type: 'string', multiple: true, default: Object.keys(hostSuites) },
      grep: { type: 'string' },
      'no-build': { type: 'boolean' },
      server: { type: 'boolean' },
    },
  });
  const unknown = values.suite.filter((name) => !(name in hostSuites));
  if (unknown.length > 0) {
    console.error(`No such suite: ${unknown.join(', ')}. Suites: ${Object.keys(hostSuites).join(', ')}.`);
    return 2;
  }
  if (!values['no-build']) {
    await buildAll();
    await compile();
  }
  const { passed, failed } = await runHostTests({
    suites: values.suite,
    grep: values.grep,
    server: values.server,
  });
  console.log(`\n${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  process.exitCode = await main(process.argv.slice(2));
