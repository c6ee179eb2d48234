import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { activateAgain, api, disposeExtension } from './api';
import { axolotl } from './fixtures';
import {
  closeEditors,
  diagnostics,
  extension,
  lenses,
  lensTitles,
  openText,
  quickFixes,
  untilDiagnostic,
  untilLens,
} from './support';

async function ourCommands(): Promise<readonly string[]> {
  const all = await vscode.commands.getCommands(true);
  return all.filter((command) => command.startsWith('rooflens.')).sort();
}

describe('switching Rooflens off and on', () => {
  before(() => extension().activate());
  afterEach(closeEditors);

  it('leaves nothing behind, and everything works again, once', async () => {
    const { document } = await openText('reactivation/train.yaml', axolotl({ microBatch: 16 }));
    const lens = await untilLens(document, /Needs/);
    const { range } = await untilDiagnostic(document, 'exceeds-memory');
    const before = { commands: await ourCommands(), lenses: (await lenses(document)).length };

    disposeExtension();
    // What stays are the manifest's own entries, which activate on demand; the internal one is gone.
    assert(!(await ourCommands()).includes('rooflens._applyEdits'));
    assert.deepEqual(await lensTitles(document), []);
    assert.deepEqual(diagnostics(document), []);
    assert.deepEqual(await quickFixes(document, range), []);

    activateAgain();
    assert.equal(await untilLens(document, /Needs/), lens);
    await untilDiagnostic(document, 'exceeds-memory');
    assert.deepEqual(await ourCommands(), before.commands);
    assert.equal((await lenses(document)).length, before.lenses);
    assert.equal(diagnostics(document).length, 1);
    assert.equal(typeof api().statusText(), 'string');
  });
});
