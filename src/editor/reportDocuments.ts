import { basename } from 'node:path';
import * as vscode from 'vscode';

export const reportScheme = 'rooflens-report';

const mostReports = 20;

/** Read-only Markdown documents: what a command found out, shown in the editor's own preview. */
export class ReportDocuments implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  private readonly texts = new Map<string, string>();
  private readonly subscriptions: vscode.Disposable;
  readonly onDidChange = this.changed.event;

  constructor() {
    this.subscriptions = vscode.Disposable.from(
      this.changed,
      vscode.workspace.registerTextDocumentContentProvider(reportScheme, this),
    );
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.texts.get(uri.toString()) ?? '';
  }

  /** Opens a report beside the active editor, rendered; as plain Markdown where no preview is installed. */
  async show(name: string, text: string, source?: vscode.Uri): Promise<void> {
    const uri = uriOf(name, source);
    this.keep(uri, text);
    await vscode.workspace.openTextDocument(uri);
    if (vscode.extensions.getExtension('vscode.markdown-language-features') === undefined) {
      await vscode.window.showTextDocument(uri, {
        viewColumn: vscode.ViewColumn.Beside,
        preserveFocus: true,
      });
    } else {
      await vscode.commands.executeCommand('markdown.showPreviewToSide', uri);
    }
  }

  /** A preview asks for its text again long after the document was closed, so the latest reports are kept. */
  private keep(uri: vscode.Uri, text: string): void {
    this.texts.delete(uri.toString());
    this.texts.set(uri.toString(), text);
    for (const oldest of [...this.texts.keys()].slice(0, -mostReports)) this.texts.delete(oldest);
    this.changed.fire(uri);
  }

  dispose(): void {
    this.subscriptions.dispose();
    this.texts.clear();
  }
}

/** One uri for each name and file, so that a report that is opened again takes the place of the last. */
function uriOf(name: string, source?: vscode.Uri): vscode.Uri {
  const title = source === undefined ? name : `${name} ${basename(source.path)}`;
  return vscode.Uri.from({
    scheme: reportScheme,
    path: `/Rooflens ${title}.md`,
    query: source === undefined ? '' : source.toString(),
  });
}
