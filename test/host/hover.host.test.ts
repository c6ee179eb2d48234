import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { ApplyArguments } from '../../src/editor/hover';
import { axolotl } from './fixtures';
import { closeEditors, eventually, hoverText, openText, positionOf, untilLens } from './support';

/** The arguments of the link that writes this value. */
function linkOf(text: string, value: string): ApplyArguments {
  const found = new RegExp(`\\[${value}\\]\\(command:rooflens\\._applyEdits\\?([^ )]+)`).exec(text);
  assert(found, `no link for ${value} in ${text}`);
  const [argument] = JSON.parse(decodeURIComponent(found[1] ?? '')) as ApplyArguments[];
  assert(argument);
  return argument;
}

describe('hover', () => {
  afterEach(closeEditors);

  it('shows what a key costs and what its neighbours would', async () => {
    const { document } = await openText('hover/table.yaml', axolotl({ microBatch: 8 }));
    await untilLens(document, /GiB/);
    const text = await hoverText(document, positionOf(document, 'micro_batch_size'));
    assert.match(text, /^\*\*micro\\_batch\\_size\*\* — [\d.]+ [GM]iB each/);
    assert.match(text, /\| value \| peak \| on RTX 4090 \(23\.\d\) \|/);
    assert.match(text, /\| \*\*8\*\* \| \*\*[\d.]+\*\* \| (✗|✓) \|/);
    assert.match(text, /[\d.]+ GiB = weights [\d.]+ \+ /);
    assert.match(text, /[Tt]arget from settings\. \[How is this computed\?\]\(command:rooflens\.explain/);
  });

  it('offers values that write themselves', async () => {
    const { document } = await openText('hover/apply.yaml', axolotl({ microBatch: 8 }));
    await untilLens(document, /GiB/);
    const text = await hoverText(document, positionOf(document, 'micro_batch_size'));
    await vscode.commands.executeCommand('rooflens._applyEdits', linkOf(text, '2'));
    assert.match(document.getText(), /^micro_batch_size: 2$/m);
  });

  it('refuses a link of a text that has changed since', async () => {
    const editor = await openText('hover/stale.yaml', axolotl({ microBatch: 8 }));
    await untilLens(editor.document, /GiB/);
    const text = await hoverText(editor.document, positionOf(editor.document, 'micro_batch_size'));
    await editor.edit((edit) => edit.insert(new vscode.Position(0, 0), '# later\n'));
    const sentence = await vscode.commands.executeCommand('rooflens._applyEdits', linkOf(text, '2'));
    assert.match(String(sentence), /has changed/);
    assert.match(editor.document.getText(), /^micro_batch_size: 8$/m);
  });

  it('may run nothing but our own commands', async () => {
    const { document } = await openText('hover/trust.yaml', axolotl({ microBatch: 8 }));
    await untilLens(document, /GiB/);
    const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
      'vscode.executeHoverProvider',
      document.uri,
      positionOf(document, 'micro_batch_size'),
    );
    const [content] = hovers.flatMap(({ contents }) => contents);
    assert(content instanceof vscode.MarkdownString);
    assert.deepEqual(content.isTrusted, { enabledCommands: ['rooflens._applyEdits', 'rooflens.explain'] });
    assert(!content.supportHtml);
  });

  it('says nothing on a key that costs nothing', async () => {
    const { document } = await openText('hover/none.yaml', axolotl());
    await untilLens(document, /GiB/);
    assert.equal(await hoverText(document, positionOf(document, 'learning_rate')), '');
  });

  it('is of the text as it is after an edit', async () => {
    const editor = await openText('hover/edited.yaml', axolotl({ microBatch: 8 }));
    await untilLens(editor.document, /GiB/);
    await editor.edit((edit) => edit.insert(new vscode.Position(0, 0), '# above\n'));
    await eventually(
      'a hover on the moved key',
      () => hoverText(editor.document, positionOf(editor.document, 'micro_batch_size')),
      (text) => text.includes('GiB each'),
    );
  });
});
