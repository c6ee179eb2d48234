import * as vscode from 'vscode';
import type { Finding, Severity } from '../core/finding/finding';
import type { RuleSeverity } from './contributions';
import { diagnosticSource } from './selector';
import { toRange, toSeverity } from './conversions';
import type { DocumentAnalysis, OurAnalysis } from './documentAnalysis';
import { readSettings } from './settings';

/** Findings in the Problems view: those of documents that are open, and those of a check of the workspace. */
export class Diagnostics implements vscode.Disposable {
  private readonly collection = vscode.languages.createDiagnosticCollection('rooflens');
  private readonly subscription: vscode.Disposable;
  /** Files that are not followed and have diagnostics from a check of the workspace. */
  private readonly checked = new Set<string>();

  constructor(
    private readonly analyses: DocumentAnalysis,
    private readonly docs: vscode.Uri,
  ) {
    this.subscription = analyses.onDidAnswer((document) => this.update(document));
  }

  /** Shows what a check of the workspace found in a file, until the file is opened or checked again. */
  showChecked(document: vscode.TextDocument, analysis: OurAnalysis): void {
    this.checked.add(document.uri.toString());
    this.show(document, analysis);
  }

  /** Takes back what the last check of the workspace showed. */
  clearChecked(): void {
    for (const uri of this.checked) this.collection.delete(vscode.Uri.parse(uri));
    this.checked.clear();
  }

  dispose(): void {
    this.subscription.dispose();
    this.collection.dispose();
  }

  private update(document: vscode.TextDocument): void {
    const answer = this.analyses.answer(document);
    this.checked.delete(document.uri.toString());
    if (answer === null) this.collection.delete(document.uri);
    // While a text is broken its last diagnostics stay: the editor moves them with the text.
    else if (!answer.stale) this.show(document, answer.analysis);
  }

  private show(document: vscode.TextDocument, analysis: OurAnalysis): void {
    const { rules } = readSettings(document.uri);
    this.collection.set(
      document.uri,
      findingsOf(analysis).flatMap((finding) => this.toDiagnostic(document, finding, rules)),
    );
  }

  private toDiagnostic(
    document: vscode.TextDocument,
    finding: Finding,
    rules: Readonly<Record<string, RuleSeverity>>,
  ): readonly vscode.Diagnostic[] {
    const { code, severity } = finding;
    if (code === null || severity === null) return [];
    const shown = severityOf(severity, rules[code]);
    if (shown === null) return [];
    const diagnostic = new vscode.Diagnostic(toRange(document, finding.span), finding.message, shown);
    diagnostic.source = diagnosticSource;
    diagnostic.code = { value: code, target: vscode.Uri.joinPath(this.docs, `${code}.md`) };
    return [diagnostic];
  }
}

/** All findings of an analysis, job after job. */
export function findingsOf(analysis: OurAnalysis): readonly Finding[] {
  return analysis.outcome === 'analysed' ? analysis.jobs.flatMap((job) => job.findings) : analysis.findings;
}

/** The code of a diagnostic of ours; null for others. */
export function codeOf(diagnostic: vscode.Diagnostic): string | null {
  if (diagnostic.source !== diagnosticSource || typeof diagnostic.code !== 'object') return null;
  return String(diagnostic.code.value);
}

function severityOf(severity: Severity, rule: RuleSeverity | undefined): vscode.DiagnosticSeverity | null {
  switch (rule) {
    case 'off':
      return null;
    case 'hint':
      return vscode.DiagnosticSeverity.Hint;
    case undefined:
      return toSeverity(severity);
    default:
      return toSeverity(rule);
  }
}
