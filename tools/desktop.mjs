// The desktop editor, through @vscode/test-electron: found or downloaded once, and driven for the host suites.
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { downloadAndUnzipVSCode, runTests } from '@vscode/test-electron';
import { projectRoot, runSuites, suiteDeadline, testsPath } from './hostSuites.mjs';
import { cacheRoot } from './vscodeServer/cache.mjs';

const hasDisplay = () =>
  process.platform !== 'linux' || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);

/** The executable of a desktop editor in its stable version, or null where there is no display or the download does not work. */
export async function desktopEditor() {
  if (!hasDisplay()) return null;
  try {
    return await downloadAndUnzipVSCode({ version: 'stable', cachePath: join(cacheRoot, 'desktop') });
  } catch (error) {
    console.log(`The desktop editor cannot be downloaded here (${error.message}): using the VS Code server.`);
    return null;
  }
}

/** Switches that give an editor folders of its own and keep it quiet. */
export function ownFolders(scratch, settings) {
  const data = join(scratch, 'data');
  mkdirSync(join(data, 'User'), { recursive: true });
  writeFileSync(join(data, 'User', 'settings.json'), JSON.stringify(settings, null, 2));
  return [`--user-data-dir=${data}`, `--extensions-dir=${join(scratch, 'extensions')}`];
}

/** As `runTests`, which always switches Restricted Mode off, but with it. Gives the exit code. */
function runRestricted(executable, extensionFolder, env, args) {
  const child = spawn(
    executable,
    [
      `--extensionDevelopmentPath=${extensionFolder}`,
      `--extensionTestsPath=${testsPath}`,
      ...[
        '--no-sandbox',
        '--disable-gpu-sandbox',
        '--disable-updates',
        '--skip-welcome',
        '--skip-release-notes',
      ],
      ...args,
    ],
    { env: { ...process.env, ...env }, stdio: 'ignore' },
  );
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), suiteDeadline);
    child.once('error', reject);
    child.once('exit', (code) => {
      clearTimeout(timer);
      resolve(code ?? 1);
    });
  });
}

/** Runs suites in the desktop editor; gives how many tests passed and failed. */
export async function runInDesktop(executable, { extensionFolder = projectRoot, ...options } = {}) {
  return runSuites(async ({ env, trust, settings, scratch }) => {
    const switches = ownFolders(scratch, settings);
    return {
      async runWindow(folder) {
        const launchArgs = folder === null ? switches : [folder, ...switches];
        try {
          const code = trust
            ? await runTests({
                vscodeExecutablePath: executable,
                extensionDevelopmentPath: extensionFolder,
                extensionTestsPath: testsPath,
                extensionTestsEnv: env,
                launchArgs,
              })
            : await runRestricted(executable, extensionFolder, env, launchArgs);
          return code === 0 ? null : `the tests ended with code ${code}`;
        } catch (error) {
          return error.message;
        }
      },
      close: () => Promise.resolve(),
    };
  }, options);
}
