import * as vscode from 'vscode';
import { formatBytes } from '../core/units/bytes';
import { selector } from './selector';
import { toPath } from './conversions';
import type { DocumentAnalysis } from './documentAnalysis';
import { readSettings } from './settings';

/** Settings whose size memory grows with: what one more of each costs is worth a hint. */
const growing: readonly string[] = ['training.microBatch', 'training.lora.rank', 'inference.concurrency'];

/** What one more of a key costs, behind its value. Off unless the user wants it. */
export class InlayHints implements vscode.InlayHintsProvider, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly subscriptions: vscode.Disposable;
  readonly onDidChangeInlayHints = this.changed.event;

  constructor(private readonly analyses: DocumentAnalysis) {
    this.subscriptions = vscode.Disposable.from(
      this.changed,
      analyses.onDidAnswer(() => this.changed.fire()),
      vscode.languages.registerInlayHintsProvider([...selector], this),
    );
  }

  async provideInlayHints(
    document: vscode.TextDocument,
    range: vscode.Range,
    token: vscode.CancellationToken,
  ): Promise<vscode.InlayHint[]> {
    if (!readSettings(document.uri).inlayHints) return [];
    const answer = await this.analyses.current(document);
    if (answer?.analysis.outcome !== 'analysed' || answer.stale) return [];
    const places = answer.analysis.jobs.flatMap(({ job }) =>
      growing.flatMap((path) => {
        const { valueSpan = null, file = null } = job.origins[path] ?? {};
        return valueSpan === null || file !== toPath(document.uri) ? [] : [valueSpan];
      }),
    );
    const hints: vscode.InlayHint[] = [];
    for (const { start, end } of places) {
      const position = document.positionAt(end);
      if (token.isCancellationRequested || !range.contains(position)) continue;
      const each = (await this.analyses.whatIf(document, start))?.bytesEach ?? null;
      if (each === null || each <= 0) continue;
      const hint = new vscode.InlayHint(position, `${formatBytes(Math.round(each))} each`);
      hint.paddingLeft = true;
      hints.push(hint);
    }
    return hints;
  }

  dispose(): void {
    this.subscriptions.dispose();
  }
}
