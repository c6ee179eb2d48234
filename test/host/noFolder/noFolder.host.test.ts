import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { assertSilent, closeEditors, extension, openText } from '../support';

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
});
