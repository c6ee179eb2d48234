import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { axolotl } from './fixtures';
import { closeEditors, eventually, openText, untilLens } from './support';

async function hints(document: vscode.TextDocument): Promise<readonly string[]> {
  const all = await vscode.commands.executeCommand<vscode.InlayHint[]>(
    'vscode.executeInlayHintProvider',
    document.uri,
    new vscode.Range(new vscode.Position(0, 0), document.lineAt(document.lineCount - 1).range.end),
  );
  return all.map(({ label, position }) => {
    const line = document.lineAt(position.line).text.slice(0, position.character);
    return `${line} ${typeof label === 'string' ? label : label.map(({ value }) => value).join('')}`;
  });
}

describe('inlay hints', () => {
  afterEach(closeEditors);

  it('are off, and say behind a value what one more costs when they are wanted', async () => {
    const { document } = await openText('hints/train.yaml', axolotl({ microBatch: 2 }));
    await untilLens(document, /GiB/);
    assert.deepEqual(await hints(document), []);
    const settings = vscode.workspace.getConfiguration('rooflens');
    await settings.update('inlayHints', true, vscode.ConfigurationTarget.Workspace);
    try {
      const shown = await eventually(
        'a hint',
        () => hints(document),
        (found) => found.length > 0,
      );
      assert(
        shown.some((hint) => /^micro_batch_size: 2 [\d.]+ [MG]iB each$/.test(hint)),
        shown.join('\n'),
      );
    } finally {
      await settings.update('inlayHints', undefined, vscode.ConfigurationTarget.Workspace);
    }
  });
});
