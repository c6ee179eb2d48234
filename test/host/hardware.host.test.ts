import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { HardwareReport } from '../../src/core/hardware/device';
import { GiB } from '../../src/core/units/bytes';
import { commands } from '../../src/editor/contributions';
import { api } from './api';
import { axolotl } from './fixtures';
import {
  closeEditors,
  eventually,
  extension,
  openText,
  untilDiagnostic,
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

const noCeilings = { bytesPerSecond: null, flops: {}, launchSeconds: null, linkBytesPerSecond: null };

/** A workstation with one card, on which others hold some memory. */
const workstation: HardwareReport = {
  schema: 1,
  machine: {
    os: { platform: 'linux', release: '6.8', container: false, wsl: false, loginNode: false },
    cpu: {
      model: 'AMD Ryzen 9 5950X 16-Core Processor',
      physicalCores: 16,
      logicalCores: 32,
      isa: ['avx2'],
      quotaCores: null,
      ceilings: noCeilings,
    },
    memory: {
      totalBytes: 64 * GiB,
      availableBytes: 50 * GiB,
      limitBytes: null,
      ratedBytesPerSecond: null,
      origin: 'reported',
    },
    devices: [
      {
        id: 'GPU-0',
        index: 0,
        vendor: 'nvidia',
        name: 'NVIDIA GeForce RTX 3090',
        catalogueId: 'rtx3090',
        kind: 'discrete',
        totalBytes: 24 * GiB,
        usableBytes: 23.5 * GiB,
        freeBytes: Math.round(18.2 * GiB),
        computeCapability: '8.6',
        driver: '550.54',
        visible: true,
        processes: [{ pid: 4242, name: 'python', bytes: 5 * GiB }],
        ceilings: noCeilings,
        origin: 'reported',
        source: 'nvidia-smi',
      },
    ],
  },
  clusters: [],
  probes: [{ name: 'nvidia-smi', outcome: 'ok', milliseconds: 40, detail: '' }],
};

describe('hardware', () => {
  before(() => extension().activate());
  afterEach(closeEditors);

  it('Detect Hardware says what it found and lists every probe', async () => {
    assert.match(await run(commands.detectHardware), /^(Found|No GPU was found)/);
    const text = await report(/hardware/);
    assert.match(text, /^# Hardware/);
    assert.match(text, /- CPU: .+ cores, \d+ threads/);
    assert.match(text, /## Probes[\s\S]*\| nvidia/);
  });

  it('Copy Diagnostic Report puts hardware and versions into the clipboard, and no name', async () => {
    assert.match(await run(commands.copyDiagnosticReport), /clipboard/);
    const copied = JSON.parse(await vscode.env.clipboard.readText()) as {
      readonly rooflens: string;
      readonly hardware: { readonly schema: number; readonly probes: readonly unknown[] };
    };
    assert.equal(copied.hardware.schema, 1);
    assert(copied.hardware.probes.length > 0);
    assert.match(copied.rooflens, /^\d+\.\d+\.\d+$/);
  });

  it('of this machine is what answers are for where nobody chose: the local GPU, and what is free on it', async () => {
    const settings = vscode.workspace.getConfiguration('rooflens');
    const override = writeScratch('hardware/report.json', JSON.stringify(workstation));
    await settings.update('hardware.override', override, vscode.ConfigurationTarget.Workspace);
    await settings.update('target', 'auto', vscode.ConfigurationTarget.Workspace);
    try {
      await run(commands.detectHardware);
      const { document } = await openText('hardware/local.yaml', axolotl({ microBatch: 16 }));
      await untilLens(document, /\| RTX 3090 \|/);
      await untilDiagnostic(document, 'exceeds-memory');
      await eventually(
        'free memory in the status item',
        () => api().statusText(),
        (text) => text === '$(chip) RTX 3090 18.2 GiB free',
      );
    } finally {
      await settings.update('hardware.override', undefined, vscode.ConfigurationTarget.Workspace);
      await settings.update('target', 'rtx4090', vscode.ConfigurationTarget.Workspace);
      await run(commands.detectHardware);
    }
  });

  it('that cannot be read ends in one sentence, and answers go on', async () => {
    const settings = vscode.workspace.getConfiguration('rooflens');
    const nonsense = writeScratch('hardware/nonsense.json', '{ "gpu": "big" }');
    await settings.update('hardware.override', nonsense, vscode.ConfigurationTarget.Workspace);
    try {
      assert.match(
        await run(commands.detectHardware),
        /nonsense\.json is no document of "rooflens hardware --json": .*\.$/,
      );
      const { document } = await openText('hardware/still.yaml', axolotl());
      await untilLens(document, /Fits/);
    } finally {
      await settings.update('hardware.override', undefined, vscode.ConfigurationTarget.Workspace);
    }
  });
});
