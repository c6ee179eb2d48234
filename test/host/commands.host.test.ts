import assert from 'node:assert/strict';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { commands } from '../../src/editor/contributions';
import { axolotl, llama8b } from './fixtures';
import {
  closeEditors,
  eventually,
  extension,
  openText,
  scratchFolder,
  untilLens,
  writeScratch,
} from './support';

async function run(command: string, ...args: readonly unknown[]): Promise<string> {
  return String(await vscode.commands.executeCommand(command, ...args));
}

/** The text of the report that a command opened, when it is there. */
async function report(name: RegExp): Promise<string> {
  const document = await eventually(
    `a report like ${String(name)}`,
    () =>
      vscode.workspace.textDocuments.find(
        ({ uri }) => uri.scheme === 'rooflens-report' && name.test(uri.path),
      ),
    (found) => found !== undefined && found.getText() !== '',
  );
  return document?.getText() ?? '';
}

describe('commands', () => {
  before(() => extension().activate());
  afterEach(closeEditors);

  it('are all registered', async () => {
    const known = await vscode.commands.getCommands(true);
    for (const command of Object.values(commands)) assert(known.includes(command), command);
  });

  it('Open Report shows where the memory goes and other hardware', async () => {
    const { document } = await openText('commands/report.yaml', axolotl());
    await untilLens(document, /GiB/);
    assert.equal(await run(commands.openReport, document.uri, 0), 'null');
    const text = await report(/report report\.yaml/);
    assert.match(text, /\| weights \| [\d.]+ \|/);
    assert.match(text, /### On other hardware[\s\S]*\| RTX 3060/);
  });

  it('Open Report says what it is about when no editor is open', async () => {
    assert.equal(await run(commands.openReport), 'Open a model or training config first.');
  });

  it('Explain Estimate opens the terms, also from a link that names the file', async () => {
    const { document } = await openText('commands/explain.yaml', axolotl());
    await untilLens(document, /GiB/);
    assert.equal(await run(commands.explain, document.uri.toString()), 'null');
    assert.match(await report(/explain\.yaml/), /\*\*peak\*\*/);
  });

  it('Explain Estimate says that a file is not ours', async () => {
    await openText('commands/package.json', '{ "name": "x" }');
    assert.match(await run(commands.explain), /package\.json is not a model or training config\.$/);
  });

  it('Advise on Hardware names the smallest device that holds the job', async () => {
    const { document } = await openText('commands/advise.yaml', axolotl());
    await untilLens(document, /GiB/);
    assert.match(
      await run(commands.advise),
      /^The smallest that holds advise\.yaml is [\w ]+: [\d.]+ of [\d.]+ GiB\.$/,
    );
    assert.match(await report(/advice/), /\| H100/);
  });

  it('Check Workspace reports every file of ours, opened or not', async () => {
    const path = writeScratch('commands/check/exceeds.yaml', axolotl({ microBatch: 16 }));
    assert.match(await run(commands.checkWorkspace), /^Checked \d+ files: \d+ exceeds? /);
    assert.match(await report(/check/), /exceeds\.yaml:1 \| does not fit \| ⚠ Needs/);
    const found = vscode.languages.getDiagnostics(vscode.Uri.file(path));
    assert.equal(found.filter(({ source }) => source === 'Rooflens').length, 1);
  });

  it('Choose Target writes the setting, and the answer is for that target', async () => {
    const { document } = await openText('commands/target.yaml', axolotl());
    await untilLens(document, /RTX 4090/);
    try {
      assert.match(await run(commands.chooseTarget, 'H100 SXM 80GB'), /^Answers are for .*H100.* now\.$/);
      await untilLens(document, /\| H100 80GB \|/);
    } finally {
      await run(commands.chooseTarget, 'rtx4090');
    }
    await untilLens(document, /\| RTX 4090 \|/);
  });

  it('Choose Target refuses hardware that does not exist, with the nearest names', async () => {
    assert.match(await run(commands.chooseTarget, 'RTX 9999 Ultra'), /RTX/);
    assert.equal(vscode.workspace.getConfiguration('rooflens').get('target'), 'rtx4090');
  });

  it('Point to Model makes an unknown model known', async () => {
    const config = writeScratch('commands/elsewhere/config.json', llama8b);
    const { document } = await openText(
      'commands/unknown.yaml',
      axolotl({ model: 'nobody/knows-this-model' }),
    );
    assert.match(
      await untilLens(document, /Cannot tell/),
      /^\$\(question\) Cannot tell: .*nobody\/knows-this-model.* \| Point to config\.json…$/,
    );
    const sentence = await run(commands.pointToModel, null, document.uri, vscode.Uri.file(config));
    assert.match(sentence, /^nobody\/knows-this-model is read from .*config\.json in this workspace\.$/);
    await untilLens(document, /Fits/);
  });

  it('Explain Out-of-Memory Error reads the selection and names the setting', async () => {
    const message =
      'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 3.91 GiB. GPU 0 has a total capacity of 23.65 GiB of which 1.14 GiB is free.';
    const editor = await openText('commands/error.txt', message);
    editor.selection = new vscode.Selection(0, 0, 0, message.length);
    assert.match(
      await run(commands.explainError),
      /^PyTorch asked for 3\.9 GiB with 1\.1 GiB free of 23\.\d GiB/,
    );
    assert.match(await run(commands.explainError, 'all is well'), /holds no out-of-memory error/);
  });

  it('Cancel Benchmark says that none is running', async () => {
    assert.equal(await run(commands.cancelBenchmark), 'No benchmark is running.');
  });

  it('leave no diagnostic of a check on a file that is deleted', async () => {
    const path = join(scratchFolder(), 'commands/check/exceeds.yaml');
    await vscode.workspace.fs.delete(vscode.Uri.file(path));
    await run(commands.checkWorkspace);
    const found = vscode.languages.getDiagnostics(vscode.Uri.file(path));
    assert.equal(found.length, 0);
  });
});
