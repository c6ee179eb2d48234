import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { axolotl, llama8b } from './fixtures';
import {
  closeEditors,
  codeOf,
  diagnostics,
  eventually,
  lenses,
  openText,
  positionOf,
  untilLens,
} from './support';

describe('what a file points to', () => {
  afterEach(closeEditors);

  it('is found beside it, and followed when it is saved', async () => {
    const model = await openText('joining/model/config.json', llama8b);
    const { document } = await openText('joining/train.yaml', axolotl({ model: './model' }));
    const before = await untilLens(document, /Fits/);
    const edit = new vscode.WorkspaceEdit();
    const layers = positionOf(model.document, '32');
    edit.replace(model.document.uri, new vscode.Range(layers, layers.translate(0, 2)), '16');
    await vscode.workspace.applyEdit(edit);
    await model.document.save();
    const after = await eventually(
      'an answer for the smaller model',
      () => untilLens(document, /Fits/),
      (title) => title !== before,
    );
    const gib = (title: string): number => Number(/Fits · ([\d.]+) of/.exec(title)?.[1]);
    assert(gib(after) < gib(before), `${before} became ${after}`);
  });

  it('can be the hardware: a target in a comment wins over the setting, and its diagnostics are shown', async () => {
    const text = `# rooflens: target=rtx3060\n${axolotl()}`;
    const { document } = await openText('joining/declared.yaml', text);
    await untilLens(document, /^\$\(warning\) Needs .* \| RTX 3060 \| Report$/);
    await eventually(
      'a diagnostic',
      () => diagnostics(document).map(codeOf),
      (codes) => codes.includes('exceeds-memory'),
    );
  });

  it('can be hardware that does not exist: that is said on the target, and the answer is for this machine', async () => {
    const text = `# rooflens: target=rtx9999\n${axolotl()}`;
    const { document } = await openText('joining/nonsense.yaml', text);
    await untilLens(document, / \| \$\(warning\) CPU$/);
    const target = (await lenses(document)).at(-1);
    assert.match(target?.command?.tooltip ?? '', /rtx9999/);
    assert.deepEqual(
      diagnostics(document)
        .map(codeOf)
        .filter((code) => code.includes('memory')),
      [],
    );
  });

  it('can be more devices than the target has', async () => {
    const job = JSON.stringify({
      engine: 'pytorch',
      model: { hub: 'meta-llama/Llama-3.1-8B' },
      task: 'train',
      training: { method: 'full', sharding: { strategy: 'fsdp' } },
      parallel: { data: 8 },
    });
    const { document } = await openText('joining/eight.rooflens.json', job);
    await untilLens(document, /^\$\(server\) Needs 8 × [\d.]+ GiB \| RTX 4090$/);
    await eventually(
      'a diagnostic',
      () => diagnostics(document).map(codeOf),
      (codes) => codes.includes('needs-more-devices'),
    );
  });
});
