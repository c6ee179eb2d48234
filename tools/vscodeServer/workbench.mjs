// Drives a workbench in the browser as a person would: open a file, read its lenses, point at a word, open the menu of quick fixes.

const patience = 60_000;

/** Opens a window of the server on `folder`, with `file` in the editor, and waits until its text is there. */
export async function openWindow(browser, server, { folder, file, viewport, scale = 1, payload = [] }) {
  const context = await browser.newContext({ viewport, deviceScaleFactor: scale });
  const page = await context.newPage();
  await page.goto(server.address(folder, file ? [...payload, ['openFile', server.uri(file)]] : payload));
  await page.locator('.monaco-workbench').waitFor({ timeout: patience });
  if (file) await page.locator('.editor-instance .view-line').first().waitFor({ timeout: patience });
  return page;
}

/** All lens texts of the active editor, an icon as its name. */
export function lensTexts(page) {
  return page
    .locator('.codelens-decoration > a')
    .evaluateAll((links) => links.map((link) => link.textContent ?? ''));
}

/** Waits for a lens whose text matches, and gives its locator. */
export async function untilLens(page, pattern, timeout = patience) {
  const lens = page.locator('.codelens-decoration > a').filter({ hasText: pattern }).first();
  await lens.waitFor({ timeout });
  return lens;
}

/** Where a piece of text stands in the editor, as a rectangle of the page. The text must be on screen. */
export async function rectangleOf(page, text) {
  const found = await page.locator('.editor-instance .view-lines').evaluate((lines, wanted) => {
    for (const line of lines.querySelectorAll('.view-line')) {
      // The editor shows blanks as no-break spaces.
      const at = (line.textContent ?? '').replaceAll('\u00a0', ' ').indexOf(wanted);
      if (at < 0) continue;
      const walker = document.createTreeWalker(line, NodeFilter.SHOW_TEXT);
      const range = document.createRange();
      let before = 0;
      let started = false;
      for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
        const length = node.data.length;
        if (!started && at < before + length) {
          range.setStart(node, at - before);
          started = true;
        }
        if (started && at + wanted.length <= before + length) {
          range.setEnd(node, at + wanted.length - before);
          const { x, y, width, height } = range.getBoundingClientRect();
          return { x, y, width, height };
        }
        before += length;
      }
    }
    return null;
  }, text);
  if (found === null) throw new Error(`The editor does not show ${JSON.stringify(text)}.`);
  return found;
}

const middle = ({ x, y, width, height }) => [x + width / 2, y + height / 2];

/** Points at a text until its hover is shown, and gives the hover's locator. */
export async function hoverOver(page, text) {
  const hover = page.locator('.monaco-hover:not(.hidden) .monaco-hover-content').first();
  for (let attempt = 0; attempt < 20; attempt++) {
    await page.mouse.move(5, 5);
    await page.mouse.move(...middle(await rectangleOf(page, text)), { steps: 4 });
    try {
      await hover.waitFor({ timeout: 3_000 });
      return hover;
    } catch {
      // The provider was not ready, or the pointer came before the text did: point again.
    }
  }
  throw new Error(`There is no hover over ${JSON.stringify(text)}.`);
}

/** Puts the cursor on a text and opens the menu of quick fixes; gives the menu's locator. */
export async function openQuickFixes(page, text) {
  const menu = page.locator('.action-widget').first();
  for (let attempt = 0; attempt < 20; attempt++) {
    await page.mouse.click(...middle(await rectangleOf(page, text)));
    await page.keyboard.press('Control+.');
    try {
      await menu.waitFor({ timeout: 3_000 });
      return menu;
    } catch {
      await page.keyboard.press('Escape');
    }
  }
  throw new Error(`There are no quick fixes on ${JSON.stringify(text)}.`);
}
