import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import * as vscode from 'vscode';

/** Root of the checkout whose tests run. */
export const projectRoot = resolve(__dirname, '..', '..', '..');

export const extensionId = 'rooflens.rooflens';

/** Rooflens as the editor knows it. */
export function extension(): vscode.Extension<unknown> {
  const found = vscode.extensions.getExtension(extensionId);
  assert(found, `${extensionId} is not installed in this window`);
  return found;
}

/** The opened folder: a fresh copy of examples/, made for this run, so a test may write into it. */
export function workspaceFolder(): string {
  const folder = vscode.workspace.workspaceFolders?.[0];
  assert(folder, 'this window has no folder');
  return folder.uri.fsPath;
}

let scratch: string | null = null;

/** A folder for files of tests: inside the opened folder where there is one, so that its settings apply. */
export function scratchFolder(): string {
  scratch ??= mkdtempSync(join(vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? tmpdir(), 'scratch-'));
  return scratch;
}

/** Writes a file under the scratch folder (folders in `name` are made) and gives its path. */
export function writeScratch(name: string, text: string): string {
  const path = join(scratchFolder(), name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

/** Opens a file in an editor. */
export async function openFile(path: string): Promise<vscode.TextEditor> {
  const document = await vscode.workspace.openTextDocument(vscode.Uri.file(path));
  return vscode.window.showTextDocument(document, { preview: false });
}

/** Opens a file of examples/ by its path in there. */
export function openExample(name: string): Promise<vscode.TextEditor> {
  return openFile(join(workspaceFolder(), name));
}

/** Writes `text` to a scratch file and opens it. */
export function openText(name: string, text: string): Promise<vscode.TextEditor> {
  return openFile(writeScratch(name, text));
}

/** Closes all editors without a question about unsaved text. */
export async function closeEditors(): Promise<void> {
  for (const editor of vscode.window.visibleTextEditors)
    if (editor.document.isDirty) {
      await vscode.window.showTextDocument(editor.document);
      await vscode.commands.executeCommand('workbench.action.files.revert');
    }
  await vscode.commands.executeCommand('workbench.action.closeAllEditors');
}

/** Replaces the first occurrence of `from` by `to`, as one edit of the user. */
export async function replaceText(editor: vscode.TextEditor, from: string, to: string): Promise<void> {
  const start = editor.document.getText().indexOf(from);
  assert(start >= 0, `the document does not contain ${JSON.stringify(from)}`);
  const range = new vscode.Range(
    editor.document.positionAt(start),
    editor.document.positionAt(start + from.length),
  );
  assert(await editor.edit((builder) => builder.replace(range, to)), 'the edit was refused');
}

/** The position of the first character of `text` in the document. */
export function positionOf(document: vscode.TextDocument, text: string): vscode.Position {
  const start = document.getText().indexOf(text);
  assert(start >= 0, `the document does not contain ${JSON.stringify(text)}`);
  return document.positionAt(start);
}

/** Asks `probe` until `holds` is true of its answer, and gives that answer; fails after `milliseconds` with `what` and the last answer. */
export async function eventually<T>(
  what: string,
  probe: () => T | Thenable<T>,
  holds: (value: T) => boolean,
  milliseconds = 15_000,
): Promise<T> {
  const deadline = performance.now() + milliseconds;
  for (;;) {
    const value = await probe();
    if (holds(value)) return value;
    if (performance.now() > deadline)
      assert.fail(`${what}: not within ${milliseconds} ms; last seen: ${JSON.stringify(value)}`);
    await new Promise((wake) => setTimeout(wake, 50));
  }
}

/** Our lenses of a document as they are now, those of other extensions left out, in the order of the text. */
export async function lenses(document: vscode.TextDocument): Promise<readonly vscode.CodeLens[]> {
  const all = await vscode.commands.executeCommand<vscode.CodeLens[]>(
    'vscode.executeCodeLensProvider',
    document.uri,
    100,
  );
  return all.filter((lens) => lens.command?.command.startsWith('rooflens.') ?? false);
}

/** Titles of our lenses, each line's parts joined by ` | `. */
export async function lensTitles(document: vscode.TextDocument): Promise<readonly string[]> {
  const lines = new Map<number, string[]>();
  for (const lens of await lenses(document)) {
    const line = lens.range.start.line;
    lines.set(line, [...(lines.get(line) ?? []), lens.command?.title ?? '']);
  }
  return [...lines.values()].map((titles) => titles.join(' | '));
}

/** Waits until one of our lens lines matches, and gives that line's title. */
export async function untilLens(document: vscode.TextDocument, pattern: RegExp): Promise<string> {
  const titles = await eventually(
    `a lens like ${String(pattern)} in ${document.fileName}`,
    () => lensTitles(document),
    (found) => found.some((title) => pattern.test(title)),
  );
  return titles.find((title) => pattern.test(title)) ?? '';
}

/** Our diagnostics of a document as they are now. */
export function diagnostics(document: vscode.TextDocument): readonly vscode.Diagnostic[] {
  return vscode.languages.getDiagnostics(document.uri).filter(({ source }) => source === 'Rooflens');
}

/** The code of a diagnostic as text, with or without its link. */
export function codeOf({ code }: vscode.Diagnostic): string {
  return String(typeof code === 'object' ? code.value : (code ?? ''));
}

/** Waits until a diagnostic of ours has this code, and gives it. */
export async function untilDiagnostic(
  document: vscode.TextDocument,
  code: string,
): Promise<vscode.Diagnostic> {
  const found = await eventually(
    `diagnostic ${code} in ${document.fileName}`,
    () => diagnostics(document),
    (all) => all.some((diagnostic) => codeOf(diagnostic) === code),
  );
  const diagnostic = found.find((each) => codeOf(each) === code);
  assert(diagnostic);
  return diagnostic;
}

/** Waits until a document has no diagnostic of ours any more. */
export async function untilNoDiagnostics(document: vscode.TextDocument): Promise<void> {
  await eventually(
    `no diagnostic in ${document.fileName}`,
    () => diagnostics(document).map(codeOf),
    (codes) => codes.length === 0,
  );
}

/** Text of all hovers at a position, as markdown. */
export async function hoverText(document: vscode.TextDocument, position: vscode.Position): Promise<string> {
  const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
    'vscode.executeHoverProvider',
    document.uri,
    position,
  );
  return hovers
    .flatMap(({ contents }) => contents)
    .map((content) => (content instanceof vscode.MarkdownString ? content.value : ''))
    .join('\n\n');
}

/** Quick fixes that the editor offers on a range. */
export async function quickFixes(
  document: vscode.TextDocument,
  range: vscode.Range,
): Promise<readonly vscode.CodeAction[]> {
  return vscode.commands.executeCommand<vscode.CodeAction[]>(
    'vscode.executeCodeActionProvider',
    document.uri,
    range,
    vscode.CodeActionKind.QuickFix.value,
  );
}

/** Fails unless the document has, and goes on having, no lens, no diagnostic and no hover of ours. */
export async function assertSilent(document: vscode.TextDocument): Promise<void> {
  assert.deepEqual(await lensTitles(document), [], `a lens in ${document.fileName}`);
  const hover = await hoverText(document, new vscode.Position(0, 0));
  assert(!hover.includes('Rooflens'), `a hover in ${document.fileName}: ${hover}`);
  assert.deepEqual(diagnostics(document).map(codeOf), [], `a diagnostic in ${document.fileName}`);
}
