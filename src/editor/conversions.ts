import * as vscode from 'vscode';
import type { Severity } from '../core/finding/finding';
import type { Span, TextEdit } from '../core/units/span';

/** A span of a document's text as the editor's range. */
export function toRange(document: vscode.TextDocument, span: Span): vscode.Range {
  return new vscode.Range(document.positionAt(span.start), document.positionAt(span.end));
}

/** A document's path as the core writes paths: absolute, `/` separated. */
export function toPath(uri: vscode.Uri): string {
  return uri.fsPath.replaceAll('\\', '/');
}

/** Folder that a document belongs to, as the core writes paths; null outside every folder. */
export function rootOf(uri: vscode.Uri): string | null {
  const folder = vscode.workspace.getWorkspaceFolder(uri);
  return folder === undefined ? null : toPath(folder.uri);
}

/** Edits of the core as one edit of the workspace. Files that are not open are opened for their positions. */
export async function toWorkspaceEdit(edits: readonly TextEdit[]): Promise<vscode.WorkspaceEdit> {
  const result = new vscode.WorkspaceEdit();
  for (const { file, range, newText } of edits) {
    const document = await vscode.workspace.openTextDocument(vscode.Uri.file(file));
    result.replace(document.uri, toRange(document, { start: range[0], end: range[1] }), newText);
  }
  return result;
}

export function toSeverity(severity: Severity): vscode.DiagnosticSeverity {
  switch (severity) {
    case 'error':
      return vscode.DiagnosticSeverity.Error;
    case 'warning':
      return vscode.DiagnosticSeverity.Warning;
    case 'information':
      return vscode.DiagnosticSeverity.Information;
  }
}
