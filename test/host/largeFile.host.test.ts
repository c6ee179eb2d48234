import assert from 'node:assert/strict';
import { closeSync, openSync, writeSync } from 'node:fs';
import * as vscode from 'vscode';
import { llama8b } from './fixtures';
import { closeEditors, eventually, extension, untilLens, writeScratch } from './support';

/** A model's config with so many MiB of a list behind its keys. */
function writeLarge(name: string, mebibytes: number): string {
  const path = writeScratch(name, llama8b.replace(/\}\s*$/, ', "filler": [\n'));
  const file = openSync(path, 'a');
  const line = `${'0,'.repeat(32 * 1024 - 1)}0,\n`;
  for (let written = 0; written < mebibytes * 2 ** 20; written += line.length) writeSync(file, line);
  writeSync(file, '0]}\n');
  closeSync(file);
  return path;
}

function ours(uri: vscode.Uri): readonly string[] {
  return vscode.languages
    .getDiagnostics(uri)
    .filter(({ source }) => source === 'Rooflens')
    .map(({ message }) => message);
}

describe('a file that is too large', () => {
  before(() => extension().activate());
  afterEach(closeEditors);

  it('gets one sentence in place of an answer', async function () {
    this.timeout(60_000);
    const path = writeLarge('large/some/config.json', 12);
    const document = await vscode.workspace.openTextDocument(vscode.Uri.file(path));
    await vscode.window.showTextDocument(document);
    const lens = await untilLens(document, /./);
    assert.match(
      lens,
      /^\$\(question\) Cannot tell: config\.json has 12 MiB, Rooflens reads configs up to 8 MiB$/,
    );
    assert.equal(ours(document.uri).length, 1);
  });

  it('gets it too where the editor keeps the text from extensions: 200 MiB', async function () {
    this.timeout(120_000);
    const uri = vscode.Uri.file(writeLarge('large/huge/config.json', 200));
    await vscode.commands.executeCommand('vscode.open', uri);
    const messages = await eventually(
      'the sentence',
      () => ours(uri),
      (found) => found.length > 0,
      60_000,
    );
    assert.deepEqual(messages, ['config.json has 200 MiB, Rooflens reads configs up to 8 MiB.']);
    await closeEditors();
    await eventually(
      'no sentence',
      () => ours(uri),
      (found) => found.length === 0,
    );
  });
});
