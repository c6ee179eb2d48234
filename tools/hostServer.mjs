// Runs the host suites in the VS Code server, its workbench in Chromium.
import { projectRoot, runSuites, suiteDeadline, testsPath } from './hostSuites.mjs';
import { openBrowser } from './vscodeServer/browser.mjs';
import { startServer } from './vscodeServer/server.mjs';

/** Opens one window, which runs the suite as its extension tests, and waits for its end. Gives the problem, or null. */
export async function runWindow(browser, server, folder, extensionFolder) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  let timer;
  try {
    const page = await context.newPage();
    const done = new Promise((finish) => {
      timer = setTimeout(() => finish(`not done after ${suiteDeadline / 60_000} minutes`), suiteDeadline);
      page.once('crash', () => finish('the page crashed'));
      void page.exposeFunction('codeAutomationExit', (code) =>
        finish(code === 0 ? null : `the tests ended with code ${code}`),
      );
    });
    await page.exposeFunction('codeAutomationLog', (type, args) => {
      if (process.env.ROOFLENS_HOST_VERBOSE) console.log(`    [${type}]`, ...args);
    });
    await page.goto(
      server.address(folder, [
        ['extensionDevelopmentPath', server.uri(extensionFolder)],
        ['extensionTestsPath', server.uri(testsPath)],
      ]),
    );
    return await done;
  } finally {
    clearTimeout(timer);
    await context.close();
  }
}

/** Runs suites against the extension in `extensionFolder`; gives how many tests passed and failed. */
export async function runInServer({ extensionFolder = projectRoot, ...options } = {}) {
  const browser = await openBrowser();
  try {
    return await runSuites(async ({ env, trust, settings }) => {
      const server = await startServer({ env, trust, settings });
      return {
        runWindow: (folder) => runWindow(browser, server, folder, extensionFolder),
        close: () => server.stop(),
      };
    }, options);
  } finally {
    await browser.close();
  }
}
