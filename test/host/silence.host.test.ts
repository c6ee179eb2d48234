import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { sharedPath } from '../shared';
import { api } from './api';
import { assertSilent, closeEditors, extension, openFile, openText } from './support';
import assert from 'node:assert/strict';

function filesUnder(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .sort();
}

describe('a file that is not ours', () => {
  before(() => extension().activate());
  afterEach(closeEditors);

  it('gets nothing, whichever it is: the corpus of files that look like ours', async function () {
    const folder = sharedPath('corpus', 'negative');
    if (folder === null) return this.skip();
    this.timeout(240_000);
    const files = filesUnder(folder);
    assert(files.length > 10, `${files.length} files`);
    for (const path of files) {
      const document = await vscode.workspace.openTextDocument(vscode.Uri.file(path)).then(
        (opened) => opened,
        // The editor itself refuses binary files.
        () => null,
      );
      if (document !== null) await assertSilent((await openFile(path)).document);
      await closeEditors();
    }
  });

  for (const [name, text] of [
    ['package.json', '{ "name": "x", "dependencies": { "transformers": "1.0.0" } }'],
    ['tsconfig.json', '{ "compilerOptions": { "strict": true } }'],
    ['.vscode/settings.json', '{ "rooflens.contextLength": 4096, "editor.fontSize": 12 }'],
    ['config.json', '{ "model": "car", "hidden": true, "layers": ["a"] }'],
    ['values.yaml', 'replicaCount: 1\nimage:\n  repository: nginx\n'],
    ['docker-compose.yaml', 'services:\n  web:\n    image: nginx\n'],
  ] as const) {
    it(`gets nothing: ${name}`, async () => {
      await assertSilent((await openText(`silence/${name}`, text)).document);
    });
  }

  it('has no status item', async () => {
    await openText('silence/again/package.json', '{ "name": "y" }');
    assert.equal(api().statusText(), null);
  });
});
