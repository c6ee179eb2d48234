import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { closeEditors, eventually, openText } from './support';

describe('the language of Modelfiles', () => {
  afterEach(closeEditors);

  for (const name of ['Modelfile', 'coder.Modelfile', 'Modelfile.coder'])
    it(`is that of ${name}`, async () => {
      const { document } = await openText(`languages/${name}`, 'FROM llama3.1:8b\nPARAMETER num_ctx 16384\n');
      assert.equal(document.languageId, 'modelfile');
    });

  it('comments a line with #', async () => {
    const { document } = await openText('languages/comment/Modelfile', 'FROM llama3.1:8b\n');
    await eventually(
      'the line is commented',
      async () => {
        if (!document.isDirty) await vscode.commands.executeCommand('editor.action.commentLine');
        return document.getText();
      },
      (text) => text === '# FROM llama3.1:8b\n',
    );
  });
});
