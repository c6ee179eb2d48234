import assert from 'node:assert/strict';
import type * as vscode from 'vscode';
import { axolotl, llama8b } from './fixtures';
import {
  closeEditors,
  codeOf,
  diagnostics,
  lensTitles,
  openText,
  replaceText,
  untilDiagnostic,
  untilLens,
} from './support';

/** Looks at the lenses again and again for a while: what a reader would see flicker. */
async function seen(document: vscode.TextDocument, milliseconds: number): Promise<readonly string[]> {
  const titles = new Set<string>();
  for (const end = performance.now() + milliseconds; performance.now() < end;) {
    titles.add((await lensTitles(document)).join('\n'));
    await new Promise((wake) => setTimeout(wake, 40));
  }
  return [...titles];
}

describe('while typing', () => {
  afterEach(closeEditors);

  it('keeps the last answer of a YAML text that breaks, and marks it', async () => {
    const editor = await openText('typing/broken.yaml', axolotl());
    const before = await untilLens(editor.document, /Fits/);
    await replaceText(editor, 'adapter: lora', 'adapter: "lora');
    const after = await untilLens(editor.document, /before this edit/);
    assert.equal(after, before.replace(' | RTX 4090', ' (before this edit) | RTX 4090'));
  });

  it('keeps the last answer of a JSON text that breaks, and marks it', async () => {
    const editor = await openText('typing/config.json', llama8b);
    await untilLens(editor.document, /8\.03 B/);
    await replaceText(editor, '"hidden_size": 4096,', '"hidden_size": ,');
    await untilLens(editor.document, /8\.03 B .*\(before this edit\)/);
  });

  it('shows the answer or its marked copy all the time, and nothing else', async () => {
    const editor = await openText('typing/flicker.yaml', axolotl());
    const before = await untilLens(editor.document, /Fits/);
    const watching = seen(editor.document, 1_500);
    await replaceText(editor, 'adapter: lora', 'adapter: "lora');
    const titles = await watching;
    const marked = before.replace(' | RTX 4090', ' (before this edit) | RTX 4090');
    for (const title of titles) assert([before, marked].includes(title), `saw ${JSON.stringify(title)}`);
    assert(titles.includes(marked), 'the mark never came');
  });

  it('takes the mark away when the text can be read again', async () => {
    const editor = await openText('typing/mended.yaml', axolotl());
    const before = await untilLens(editor.document, /Fits/);
    await replaceText(editor, 'adapter: lora', 'adapter: "lora');
    await untilLens(editor.document, /before this edit/);
    await replaceText(editor, 'adapter: "lora', 'adapter: lora');
    const after = await untilLens(editor.document, /GiB(?!.*before this edit)/);
    assert.equal(after, before);
  });

  it('keeps the diagnostics of the last answer', async () => {
    const editor = await openText('typing/diagnostics.yaml', axolotl({ microBatch: 16 }));
    await untilDiagnostic(editor.document, 'exceeds-memory');
    await replaceText(editor, 'adapter: lora', 'adapter: "lora');
    await untilLens(editor.document, /before this edit/);
    assert.deepEqual(diagnostics(editor.document).map(codeOf), ['exceeds-memory']);
  });

  it('answers once, for the last text, after many quick keystrokes', async () => {
    const editor = await openText('typing/quick.yaml', axolotl());
    await untilLens(editor.document, /Fits/);
    for (const [from, to] of [
      ['micro_batch_size: 1', 'micro_batch_size: 2'],
      ['micro_batch_size: 2', 'micro_batch_size: 3'],
      ['micro_batch_size: 3', 'micro_batch_size: 32'],
    ] as const) {
      await replaceText(editor, from, to);
    }
    await untilLens(editor.document, /Needs/);
  });
});
