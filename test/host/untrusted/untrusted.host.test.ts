import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { api } from '../api';
import { axolotl, llama8b } from '../fixtures';
import { closeEditors, eventually, extension, openText, untilDiagnostic, untilLens } from '../support';

describe('Restricted Mode', () => {
  afterEach(closeEditors);

  it('is what this window is in', () => {
    assert.equal(vscode.workspace.isTrusted, false);
  });

  it('lets Rooflens activate', async () => {
    await openText('some.json', '{}');
    await eventually(
      'Rooflens is active',
      () => extension().isActive,
      (active) => active,
    );
  });

  it('answers all that only needs reading', async () => {
    const { document } = await openText('config.json', llama8b);
    await untilLens(document, /^8\.03 B/);
    const job = await openText('train.yaml', axolotl({ microBatch: 16 }));
    await untilLens(job.document, /Needs/);
    await untilDiagnostic(job.document, 'exceeds-memory');
  });

  it('starts no process to know the hardware', async () => {
    const { document } = await openText('again.yaml', axolotl());
    await untilLens(document, /GiB/);
    assert(!api().loadedBundles().includes('hardware'), api().loadedBundles().join());
  });

  for (const [command, what] of [
    ['detectHardware', 'Detecting hardware'],
    ['runBenchmark', 'A benchmark'],
    ['copyDiagnosticReport', 'Detecting hardware'],
  ] as const) {
    it(`lets ${command} wait for trust, and say so`, async () => {
      assert.equal(
        await vscode.commands.executeCommand(`rooflens.${command}`),
        `${what} starts processes and waits until you trust this workspace.`,
      );
    });
  }
});
