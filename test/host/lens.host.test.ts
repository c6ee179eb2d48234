import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { axolotl, llama8b } from './fixtures';
import { closeEditors, eventually, lenses, lensTitles, openText, replaceText, untilLens } from './support';

describe('lens', () => {
  afterEach(closeEditors);

  it('says that a training job fits, and for which target', async () => {
    const { document } = await openText('lens/fits.yaml', axolotl());
    const title = await untilLens(document, /Fits/);
    assert.match(title, /^\$\(check\) Fits · \d+\.\d of 23\.\d GiB · ~[\d.]+k? tok\/s/);
    assert.match(title, / \| RTX 4090 \| Report$/);
  });

  it('says by how much a training job exceeds, why, and the largest batch in its own word', async () => {
    const { document } = await openText('lens/exceeds.yaml', axolotl({ microBatch: 8 }));
    const title = await untilLens(document, /Needs/);
    assert.match(title, /^\$\(warning\) Needs \d+\.\d of 23\.\d GiB \([\w ]+ \d+\.\d\)/);
  });

  it('stands above the first key of the job', async () => {
    const { document } = await openText('lens/place.yaml', `# a comment\n\n${axolotl()}`);
    await untilLens(document, /Fits/);
    const [first] = await lenses(document);
    assert.equal(first?.range.start.line, 2);
  });

  it('gives a bare model its sizes and its three uses', async () => {
    const { document } = await openText('lens/config.json', llama8b);
    const title = await untilLens(document, /8\.03 B/);
    assert.match(title, /^8\.03 B · bf16 15\.0 · 4-bit \d\.\d GiB · KV 128 KiB\/token/);
    assert.match(
      title,
      / \| Run \$\(check\)( ~\d+ tok\/s.*)? \| QLoRA \$\(\w+\) \| Full \$\(close\) \| RTX 4090$/,
    );
  });

  it('has a command behind each part', async () => {
    const { document } = await openText('lens/commands.yaml', axolotl());
    await untilLens(document, /Fits/);
    const commands = (await lenses(document)).map((lens) => lens.command?.command);
    assert.deepEqual(commands, ['rooflens.explain', 'rooflens.chooseTarget', 'rooflens.openReport']);
    const known = await vscode.commands.getCommands(true);
    for (const command of commands) assert(known.includes(command), command);
  });

  it('follows what is typed', async () => {
    const editor = await openText('lens/typed.yaml', axolotl());
    const before = await untilLens(editor.document, /Fits/);
    await replaceText(editor, 'micro_batch_size: 1', 'micro_batch_size: 8');
    const after = await untilLens(editor.document, /Needs/);
    assert.notEqual(before, after);
  });

  it('moves with lines that are typed above it', async () => {
    const editor = await openText('lens/moved.yaml', axolotl());
    await untilLens(editor.document, /Fits/);
    await editor.edit((edit) => edit.insert(new vscode.Position(0, 0), '# one\n# two\n'));
    const [first] = await lenses(editor.document);
    assert.equal(first?.range.start.line, 2);
  });

  it('goes away when the file is not ours any more', async () => {
    const editor = await openText('lens/gone.yaml', axolotl());
    await untilLens(editor.document, /Fits/);
    const end = editor.document.lineAt(editor.document.lineCount - 1).range.end;
    await editor.edit((edit) =>
      edit.replace(new vscode.Range(new vscode.Position(0, 0), end), 'services: []\n'),
    );
    await eventually(
      'no lens',
      () => lensTitles(editor.document),
      (titles) => titles.length === 0,
    );
  });

  it('can be switched off and on', async () => {
    const { document } = await openText('lens/off.yaml', axolotl());
    await untilLens(document, /Fits/);
    const settings = vscode.workspace.getConfiguration('rooflens');
    await settings.update('codeLens', false, vscode.ConfigurationTarget.Workspace);
    try {
      await eventually(
        'no lens',
        () => lensTitles(document),
        (titles) => titles.length === 0,
      );
    } finally {
      await settings.update('codeLens', undefined, vscode.ConfigurationTarget.Workspace);
    }
    await untilLens(document, /Fits/);
  });
});
