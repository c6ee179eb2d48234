import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { api } from './api';
import { axolotl } from './fixtures';
import { closeEditors, eventually, extension, openText } from './support';

async function untilStatus(what: string, holds: (text: string | null) => boolean): Promise<string | null> {
  return eventually(what, () => api().statusText(), holds);
}

describe('status item', () => {
  before(() => extension().activate());
  afterEach(closeEditors);

  it('shows the target and its memory while one of our files is active', async () => {
    await openText('status/ours.yaml', axolotl());
    const text = await untilStatus('the item', (shown) => shown !== null);
    assert.match(text ?? '', /^\$\(chip\) RTX 4090 \d+\.\d GiB( free)?$/);
  });

  it('goes away with another file, and comes back', async () => {
    const ours = await openText('status/back.yaml', axolotl());
    await untilStatus('the item', (shown) => shown !== null);
    await openText('status/package.json', '{ "name": "x" }');
    await untilStatus('no item', (shown) => shown === null);
    await vscode.window.showTextDocument(ours.document);
    await untilStatus('the item again', (shown) => shown !== null);
  });

  it('is not shown when no editor is open', async () => {
    await openText('status/closed.yaml', axolotl());
    await untilStatus('the item', (shown) => shown !== null);
    await closeEditors();
    await untilStatus('no item', (shown) => shown === null);
  });
});
