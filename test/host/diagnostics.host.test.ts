import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { axolotl, llama8b } from './fixtures';
import {
  closeEditors,
  codeOf,
  diagnostics,
  eventually,
  openText,
  replaceText,
  untilDiagnostic,
  untilLens,
  untilNoDiagnostics,
  writeScratch,
} from './support';

describe('diagnostics', () => {
  afterEach(closeEditors);

  it('warn on the key that costs most, with size, target and terms', async () => {
    const { document } = await openText('diagnostics/exceeds.yaml', axolotl({ microBatch: 16 }));
    const diagnostic = await untilDiagnostic(document, 'exceeds-memory');
    assert.equal(document.getText(diagnostic.range), 'micro_batch_size');
    assert.equal(diagnostic.severity, vscode.DiagnosticSeverity.Warning);
    assert.match(
      diagnostic.message,
      /^micro_batch_size 16 needs [\d.]+ GiB, RTX 4090 has 23\.\d: [\w ]+ [\d.]+, [\w ]+ [\d.]+, [\w ]+ [\d.]+\./,
    );
  });

  it('link their code to its page', async () => {
    const { document } = await openText('diagnostics/link.yaml', axolotl({ microBatch: 16 }));
    const { code } = await untilDiagnostic(document, 'exceeds-memory');
    assert(typeof code === 'object');
    await vscode.workspace.fs.stat(code.target);
  });

  it('go when the job fits again', async () => {
    const editor = await openText('diagnostics/mended.yaml', axolotl({ microBatch: 16 }));
    await untilDiagnostic(editor.document, 'exceeds-memory');
    await replaceText(editor, 'micro_batch_size: 16', 'micro_batch_size: 1');
    await untilNoDiagnostics(editor.document);
  });

  it('go when the document is closed', async () => {
    const uri = vscode.Uri.file(writeScratch('diagnostics/closed.yaml', axolotl({ microBatch: 16 })));
    // Not by openTextDocument, which keeps a document open for a while by itself.
    await vscode.commands.executeCommand('vscode.open', uri);
    const ours = (): number =>
      vscode.languages.getDiagnostics(uri).filter(({ source }) => source === 'Rooflens').length;
    await eventually('a diagnostic', ours, (count) => count > 0);
    await closeEditors();
    await eventually('no diagnostic', ours, (count) => count === 0);
  });

  it('never come for a bare model, whatever it needs', async () => {
    const huge = llama8b.replace('"num_hidden_layers": 32', '"num_hidden_layers": 320');
    const { document } = await openText('diagnostics/config.json', huge);
    await untilLens(document, /Full \$\(close\)/);
    assert.deepEqual(diagnostics(document).map(codeOf), []);
  });

  for (const [what, from, to, key, message] of [
    [
      'a negative count',
      '"num_hidden_layers": 32',
      '"num_hidden_layers": -3',
      'num_hidden_layers',
      /^num_hidden_layers is -3, expected a positive integer/,
    ],
    [
      'heads that do not divide',
      '"num_key_value_heads": 8',
      '"num_key_value_heads": 7',
      'num_key_value_heads',
      /^num_key_value_heads is 7, expected a divisor of num_attention_heads 32/,
    ],
    [
      'a word for a number',
      '"hidden_size": 4096',
      '"hidden_size": "wide"',
      'hidden_size',
      /^hidden_size is "wide", expected a positive integer/,
    ],
    [
      'a number beyond all models',
      '"vocab_size": 128256',
      '"vocab_size": 1e308',
      'vocab_size',
      /^vocab_size is 1e\+308, expected at most [\d]+/,
    ],
  ] as const) {
    it(`name key, value and expectation of ${what}`, async () => {
      const name = `diagnostics/${key}/config.json`;
      const { document } = await openText(name, llama8b.replace(from, to));
      const diagnostic = await untilDiagnostic(document, 'impossible-value');
      assert.match(diagnostic.message, message);
      assert.equal(diagnostic.severity, vscode.DiagnosticSeverity.Error);
      assert.match(document.lineAt(diagnostic.range.start.line).text, new RegExp(`"${key}"`));
    });
  }

  it('have the severity that the user gives their code, or none', async () => {
    const { document } = await openText('diagnostics/rules.yaml', axolotl({ microBatch: 16 }));
    await untilDiagnostic(document, 'exceeds-memory');
    const settings = vscode.workspace.getConfiguration('rooflens');
    try {
      await settings.update('rules', { 'exceeds-memory': 'hint' }, vscode.ConfigurationTarget.Workspace);
      await eventually(
        'a hint',
        () => diagnostics(document)[0]?.severity,
        (severity) => severity === vscode.DiagnosticSeverity.Hint,
      );
      await settings.update('rules', { 'exceeds-memory': 'off' }, vscode.ConfigurationTarget.Workspace);
      await untilNoDiagnostics(document);
    } finally {
      await settings.update('rules', undefined, vscode.ConfigurationTarget.Workspace);
    }
  });
});
