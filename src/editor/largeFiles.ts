import { open, stat } from 'node:fs/promises';
import * as vscode from 'vscode';
import { MAX_CONFIG_BYTES } from '../core/job/document/limits';
import { SNIFFED_CHARACTERS, sniffs } from '../core/job/sniff';
import { toPath } from './conversions';
import { diagnosticSource } from './selector';
import { tooLarge } from './tooLarge';

/**
 * Files that are so large that the editor opens them and tells extensions nothing of their text (above 50 MB). All that is
 * seen of them is their tab, so that is what is watched; one that looks like ours gets one sentence in place of silence.
 */
export class LargeFiles implements vscode.Disposable {
  private readonly collection = vscode.languages.createDiagnosticCollection('rooflens-large');
  private readonly subscription = vscode.window.tabGroups.onDidChangeTabs((event) => {
    for (const tab of event.closed) this.forget(tab);
    for (const tab of event.opened) void this.look(tab);
  });

  dispose(): void {
    this.subscription.dispose();
    this.collection.dispose();
  }

  private forget(tab: vscode.Tab): void {
    if (tab.input instanceof vscode.TabInputText) this.collection.delete(tab.input.uri);
  }

  private async look(tab: vscode.Tab): Promise<void> {
    if (!(tab.input instanceof vscode.TabInputText) || tab.input.uri.scheme !== 'file') return;
    const { uri } = tab.input;
    const size = await sizeOf(uri.fsPath);
    if (size === null || size <= MAX_CONFIG_BYTES || isSynchronised(uri)) return;
    if (!sniffs(await headOf(uri.fsPath), toPath(uri))) return;
    const [finding] = tooLarge(uri.fsPath, size).findings;
    if (finding === undefined) return;
    const diagnostic = new vscode.Diagnostic(
      new vscode.Range(0, 0, 0, 0),
      finding.message,
      vscode.DiagnosticSeverity.Information,
    );
    diagnostic.source = diagnosticSource;
    if (finding.code !== null) diagnostic.code = finding.code;
    this.collection.set(uri, [diagnostic]);
  }
}

/** Whether the editor gave us the text: then the document's own analysis says the sentence. */
function isSynchronised(uri: vscode.Uri): boolean {
  return vscode.workspace.textDocuments.some((document) => document.uri.toString() === uri.toString());
}

async function sizeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size;
  } catch {
    return null;
  }
}

async function headOf(path: string): Promise<string> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(SNIFFED_CHARACTERS), 0, SNIFFED_CHARACTERS, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}
