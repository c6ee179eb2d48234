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

/** The window in pixels of the page; a picture has `scale` times as many. High, because a hover may take a quarter of the editor's height. */
const viewport = { width: 880, height: 1500 };
const scale = 1.5;

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
  'editor.wordWrap': 'on',
  'editor.hover.above': false,
  'editor.lightbulb.enabled': 'off',
  // Without a network the editor itself would warn that it has no schema.
  'json.schemaDownload.enable': false,
};

/** The line of the editor that holds a text. */
const line = (page, text) => page.locator('.editor-instance .view-line').filter({ hasText: text }).first();

/** Waits for the lens, then gives the pointer a place where nothing reacts to it. */
async function withLens(page, pattern) {
  await untilLens(page, pattern);
  await page.mouse.move(viewport.width / 2, 5);
}

/** What each picture shows: the file of examples/, and what has to be seen before it is taken. `show` gives the lowest thing in the picture. */
const pictures = [
  {
    name: 'lens-fits',
    file: 'axolotl-fits.yaml',
    async show(page) {
      await withLens(page, /Fits/);
      return line(page, 'lora_target_linear');
    },
  },
  {
    name: 'lens-exceeds',
    file: 'axolotl-exceeds.yaml',
    async show(page) {
      await withLens(page, /Needs/);
      return line(page, 'num_epochs');
    },
  },
  {
    name: 'lens-model',
    file: 'models/llama-3.1-8b/config.json',
    async show(page) {
      await withLens(page, /KV/);
      return line(page, 'model_type');
    },
  },
  {
    name: 'lens-unknown',
    file: 'axolotl-unknown.yaml',
    async show(page) {
      await withLens(page, /Cannot tell/);
      return line(page, 'lora_target_linear');
    },
  },
  {
    name: 'hover',
    file: 'axolotl-exceeds.yaml',
    async show(page) {
      await untilLens(page, /Needs/);
      return hoverOver(page, 'micro_batch_size');
    },
  },
  {
    name: 'diagnostic',
    file: 'axolotl-exceeds.yaml',
    async show(page) {
      await untilLens(page, /Needs/);
      await page.locator('.editor-instance .squiggly-warning').first().waitFor();
      await page.keyboard.press('F8');
      await page.locator('.marker-widget').first().waitFor();
      return line(page, 'num_epochs');
    },
  },
  {
    name: 'quick-fix',
    file: 'axolotl-exceeds.yaml',
    async show(page) {
      await untilLens(page, /Needs/);
      return openQuickFixes(page, 'micro_batch_size');
    },
  },
  {
    name: 'status',
    file: 'axolotl-fits.yaml',
    async show(page) {
      await untilLens(page, /Fits/);
      const item = page.locator('.statusbar-item').filter({ hasText: 'RTX 4090' });
      await item.hover();
      await page.locator('.monaco-hover:not(.hidden)').first().waitFor();
      return item;
    },
    height: 160,
  },
  {
    name: 'no-lens',
    file: 'package.json',
    async show(page) {
      await page.waitForTimeout(3_000);
      return page.locator('.editor-instance .view-line').last();
    },
  },
];

/** The part of the window from `height` above the bottom of `lowest` (else from the tabs) down to it. */
async function area(page, lowest, height) {
  const box = await lowest.boundingBox();
  const bottom = Math.min(box.y + box.height + 4, viewport.height);
  const { y: tabs } = await page.locator('.part.editor').boundingBox();
  const y = height === undefined ? tabs : bottom - height;
  return { x: 0, y, width: viewport.width, height: bottom - y };
}

async function take(browser, server, theme, folder, { name, file, show, height }) {
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
    const lowest = await show(page);
    // Hovers, menus and squiggles come in with an animation.
    await page.waitForTimeout(500);
    const path = join('media', 'screenshots', `${theme}-${name}.png`);
    await page.screenshot({ path, clip: await area(page, lowest, height) });
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
