import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { axolotl } from '../fixtures';
import { assertSilent, closeEditors, extension, openText, untilLens } from '../support';

describe('a window without a folder', () => {
  afterEach(closeEditors);

  it('has none', () => {
    assert.equal(vscode.workspace.workspaceFolders, undefined);
  });

  it('activates, and is silent about a file that is not ours', async () => {
    const { document } = await openText('tsconfig.json', '{ "compilerOptions": { "strict": true } }');
    await extension().activate();
    assert(extension().isActive);
    await assertSilent(document);
  });

  it('answers for a config that is opened alone', async () => {
    const { document } = await openText('alone.yaml', axolotl());
    await untilLens(document, /GiB/);
  });

  it('says in one sentence that there is no workspace to check', async () => {
    assert.equal(
      await vscode.commands.executeCommand('rooflens.checkWorkspace'),
      'Open a folder first: there is no workspace to check.',
    );
  });

  for (const command of ['openReport', 'explain', 'advise', 'pointToModel']) {
    it(`says in one sentence that ${command} needs a config`, async () => {
      assert.equal(
        await vscode.commands.executeCommand(`rooflens.${command}`),
        'Open a model or training config first.',
      );
    });
  }

  it('detects hardware all the same', async () => {
    const sentence = await vscode.commands.executeCommand('rooflens.detectHardware');
    assert.match(String(sentence), /^(Found|No GPU was found)/);
  });
});
