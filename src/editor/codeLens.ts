import * as vscode from 'vscode';
import { lensText, sentenceLens } from '../core/finding/lensText';
import type { LensAction, LensPart } from '../core/finding/lensText';
import type { Reference } from '../core/job/job';
import type { Span } from '../core/units/span';
import { commands } from './contributions';
import { selector } from './selector';
import { toRange } from './conversions';
import type { Answer, DocumentAnalysis } from './documentAnalysis';
import { readSettings } from './settings';

/** One line of lenses above the first key of each job or model. */
export class CodeLenses implements vscode.CodeLensProvider, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly subscriptions: vscode.Disposable;
  readonly onDidChangeCodeLenses = this.changed.event;

  constructor(private readonly analyses: DocumentAnalysis) {
    this.subscriptions = vscode.Disposable.from(
      this.changed,
      analyses.onDidAnswer(() => this.changed.fire()),
      vscode.languages.registerCodeLensProvider(selector, this),
    );
  }

  async provideCodeLenses(document: vscode.TextDocument): Promise<vscode.CodeLens[]> {
    if (!readSettings(document.uri).codeLens) return [];
    const answer = await this.analyses.ready(document);
    return answer === null ? [] : this.lenses(document, answer);
  }

  dispose(): void {
    this.subscriptions.dispose();
  }

  private lenses(document: vscode.TextDocument, { analysis, stale }: Answer): vscode.CodeLens[] {
    if (analysis.outcome !== 'analysed') {
      // A text that cannot be read has no first key: its sentence stands above its first line.
      const anchor = analysis.outcome === 'fragment' ? analysis.span : { start: 0, end: 0 };
      return this.line(document, anchor, sentenceLens(analysis.message), 0, null);
    }
    return analysis.jobs.flatMap((analysed, index) =>
      this.line(
        document,
        analysed.job.anchor,
        lensText(analysed, { stale, targetProblem: analysis.targetProblem }),
        index,
        mainModel(analysed.job.modelReferences, analysis.references),
      ),
    );
  }

  private line(
    document: vscode.TextDocument,
    anchor: Span,
    parts: readonly LensPart[],
    job: number,
    model: string | null,
  ): vscode.CodeLens[] {
    const range = toRange(document, this.analyses.spanNow(document, anchor));
    return parts.map(
      ({ text, tooltip, action }) =>
        new vscode.CodeLens(range, {
          title: text,
          tooltip,
          command: commandOf[action],
          arguments: action === 'pointToModel' ? [model, document.uri] : [document.uri, job],
        }),
    );
  }
}

const commandOf: Readonly<Record<LensAction, string>> = {
  explain: commands.explain,
  chooseTarget: commands.chooseTarget,
  openReport: commands.openReport,
  pointToModel: commands.pointToModel,
};

/** The id of a job's main model as the file writes it. */
function mainModel(ids: readonly (string | null)[], references: readonly Reference[]): string | null {
  const [first] = ids;
  return references.find((reference) => reference.id === first)?.name ?? null;
}
