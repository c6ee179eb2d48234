import * as vscode from 'vscode';
import type { Finding } from '../core/finding/finding';
import type { Remedy } from '../core/finding/result';
import { commands } from './contributions';
import { selector } from './selector';
import { toRange, toWorkspaceEdit } from './conversions';
import { codeOf, findingsOf } from './diagnostics';
import type { DocumentAnalysis } from './documentAnalysis';

/** A finding's remedies as quick fixes: found by the diagnostic's code and place, never by its text. */
export class QuickFixes implements vscode.CodeActionProvider, vscode.Disposable {
  private readonly registration = vscode.languages.registerCodeActionsProvider(selector, this, {
    providedCodeActionKinds: [vscode.CodeActionKind.QuickFix],
  });

  constructor(private readonly analyses: DocumentAnalysis) {}

  async provideCodeActions(
    document: vscode.TextDocument,
    _range: vscode.Range,
    context: vscode.CodeActionContext,
  ): Promise<vscode.CodeAction[]> {
    const answer = this.analyses.answer(document);
    if (answer === null || answer.stale || answer.version !== document.version) return [];
    const findings = findingsOf(answer.analysis);
    const actions: vscode.CodeAction[] = [];
    for (const diagnostic of context.diagnostics) {
      const finding = findings.find((each) => belongsTo(diagnostic, each, document));
      if (finding !== undefined) actions.push(...(await fixes(finding, diagnostic, document)));
    }
    return actions;
  }

  dispose(): void {
    this.registration.dispose();
  }
}

function belongsTo(diagnostic: vscode.Diagnostic, finding: Finding, document: vscode.TextDocument): boolean {
  return codeOf(diagnostic) === finding.code && toRange(document, finding.span).isEqual(diagnostic.range);
}

async function fixes(
  finding: Finding,
  diagnostic: vscode.Diagnostic,
  document: vscode.TextDocument,
): Promise<vscode.CodeAction[]> {
  // What changes the results of a job comes after what does not; within each, the order of the core: best first.
  const remedies = finding.remedies.filter((remedy) => remedy.edits.length > 0);
  const ordered = [
    ...remedies.filter((remedy) => !remedy.changesResults),
    ...remedies.filter((remedy) => remedy.changesResults),
  ];
  const actions = await Promise.all(ordered.map((remedy) => fix(remedy, diagnostic)));
  const [best] = actions;
  if (best !== undefined && ordered[0]?.changesResults === false) best.isPreferred = true;
  return finding.code === 'model-not-found' ? [...actions, pointToModel(diagnostic, document)] : actions;
}

async function fix(remedy: Remedy, diagnostic: vscode.Diagnostic): Promise<vscode.CodeAction> {
  const action = new vscode.CodeAction(remedy.title, vscode.CodeActionKind.QuickFix);
  action.edit = await toWorkspaceEdit(remedy.edits);
  action.diagnostics = [diagnostic];
  return action;
}

function pointToModel(diagnostic: vscode.Diagnostic, document: vscode.TextDocument): vscode.CodeAction {
  const action = new vscode.CodeAction('Point to config.json…', vscode.CodeActionKind.QuickFix);
  action.command = {
    title: 'Point to config.json…',
    command: commands.pointToModel,
    arguments: [null, document.uri],
  };
  action.diagnostics = [diagnostic];
  return action;
}
