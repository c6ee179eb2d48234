// The host suites in the desktop editor, and nowhere else: npm run test:desktop.
import { buildAll } from './build.mjs';
import { compile } from './compile.mjs';
import { desktopEditor, runInDesktop } from './desktop.mjs';

const executable = await desktopEditor();
if (executable === null) {
  console.error(
    'There is no display, or the desktop editor cannot be downloaded: `npm test` uses the VS Code server.',
  );
  process.exit(1);
}
await buildAll();
await compile();
const { passed, failed } = await runInDesktop(executable);
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
