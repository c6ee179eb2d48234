// Pictures of the real editor over examples/, in a dark and a light theme: media/screenshots/{dark,light}-NAME.png.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildAll } from './build.mjs';
import { copyOfExamples, projectRoot, quietSettings } from './hostSuites.mjs';
import { openBrowser } from './vscodeServer/browser.mjs';
import { startServer } from './vscodeServer/server.mjs';
import { hoverOver, openQuickFixes, openWindow, untilLens } from './vscodeServer/workbench.mjs';

const themes = { dark: 'Default Dark Modern', light: 'Default Light Modern' };

/** The window in pixels of the page; a picture has `scale` times as many. */
const viewport = { width: 680, height: 560 };
const scale = 2;

const settings = {
  ...quietSettings,
  'workbench.activityBar.location': 'hidden',
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.layoutControl.enabled': false,
  'window.commandCenter': false,
  'breadcrumbs.enabled': false,
  'editor.minimap.enabled': false,
  'editor.scrollBeyondLastLine': false,
  'editor.fontSize': 13,
  'editor.lightbulb.enabled': 'off',
};

/** Waits for the lens, then gives the pointer a place where nothing reacts to it. */
async function withLens(page, pattern) {
  await untilLens(page, pattern);
  await page.mouse.move(viewport.width / 2, 5);
}

/**
 * What each picture shows: the file of examples/, what has to be seen before it is taken, and how high it is in pixels of the page, counted from the
 * editor's tabs (without a height: down to the last line; `fromBottom`: from the status bar upwards).
 */
const pictures = [
  { name: 'lens-fits', file: 'axolotl-fits.yaml', show: (page) => withLens(page, /Fits/) },
  {
    name: 'lens-exceeds',
    file: 'axolotl-exceeds.yaml',
    show: (page) => withLens(page, /Needs/),
  },
  {
    name: 'lens-unknown',
    file: 'axolotl-unknown.yaml',
    show: (page) => withLens(page, /Cannot tell/),
  },
  {
    name: 'hover',
    file: 'axolotl-exceeds.yaml',
    async show(page) {
      await untilLens(page, /Needs/);
      await hoverOver(page, 'micro_batch_size');
    },
    height: 520,
  },
  {
    name: 'diagnostic',
    file: 'axolotl-exceeds.yaml',
    async show(page) {
      await untilLens(page, /Needs/);
      await page.locator('.editor-instance .squiggly-warning').first().waitFor();
      await page.keyboard.press('F8');
      await page.locator('.peekview-widget, .marker-widget').first().waitFor();
    },
    height: 360,
  },
  {
    name: 'quick-fix',
    file: 'axolotl-exceeds.yaml',
    async show(page) {
      await untilLens(page, /Needs/);
      await openQuickFixes(page, 'micro_batch_size');
    },
    height: 420,
  },
  {
    name: 'status',
    file: 'axolotl-fits.yaml',
    async show(page) {
      await untilLens(page, /Fits/);
      await page.locator('.statusbar-item').filter({ hasText: 'RTX 4090' }).hover();
      await page.locator('.monaco-hover:not(.hidden)').first().waitFor();
    },
    height: 200,
    fromBottom: true,
  },
  { name: 'no-lens', file: 'package.json', show: (page) => page.waitForTimeout(3_000) },
];

/** The part of the window that a picture shows. */
async function area(page, height, fromBottom) {
  if (fromBottom) return { x: 0, y: viewport.height - height, width: viewport.width, height };
  const { y } = await page.locator('.part.editor').boundingBox();
  const boxes = page.locator('.editor-instance .view-line');
  const bottom = await boxes.evaluateAll((lines) =>
    Math.max(...lines.map((line) => line.getBoundingClientRect().bottom)),
  );
  return { x: 0, y, width: viewport.width, height: height ?? bottom + 12 - y };
}

async function take(browser, server, theme, folder, { name, file, show, height, fromBottom = false }) {
  const page = await openWindow(browser, server, {
    folder,
    file: join(folder, file),
    viewport,
    scale,
    payload: [['extensionDevelopmentPath', server.uri(projectRoot)]],
  });
  try {
    await page.keyboard.press('Control+B');
    await page.locator('.part.sidebar').waitFor({ state: 'hidden' });
    await show(page);
    // Hovers, menus and squiggles come in with an animation.
    await page.waitForTimeout(500);
    const path = join('media', 'screenshots', `${theme}-${name}.png`);
    await page.screenshot({ path, clip: await area(page, height, fromBottom) });
    console.log(path);
  } finally {
    await page.context().close();
  }
}

/** Takes the pictures whose name holds `pattern`; gives the sentences that say which could not be taken. */
async function takeAll(pattern) {
  await buildAll();
  mkdirSync(join('media', 'screenshots'), { recursive: true });
  const scratch = mkdtempSync(join(tmpdir(), 'rooflens-pictures-'));
  const problems = [];
  const browser = await openBrowser();
  try {
    const folder = copyOfExamples(scratch);
    for (const [theme, colorTheme] of Object.entries(themes)) {
      const server = await startServer({
        settings: { ...settings, 'workbench.colorTheme': colorTheme },
        env: { XDG_CACHE_HOME: join(scratch, 'cache'), HF_HOME: join(scratch, 'huggingface') },
      });
      try {
        for (const picture of pictures.filter(({ name }) => `${theme}-${name}`.includes(pattern)))
          await take(browser, server, theme, folder, picture).catch((error) =>
            problems.push(`${theme}-${picture.name}: ${error.message}`),
          );
      } finally {
        await server.stop();
      }
    }
  } finally {
    await browser.close();
    rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
  }
  return problems;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const problems = await takeAll(process.argv[2] ?? '');
  for (const problem of problems) console.error(`✗ ${problem}`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
