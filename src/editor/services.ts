import * as vscode from 'vscode';
import { BenchmarkState } from './benchmarkState';
import { Bundles } from './bundles';
import { CodeLenses } from './codeLens';
import { Diagnostics } from './diagnostics';
import { DisposableStore } from './disposableStore';
import { DocumentAnalysis } from './documentAnalysis';
import { Hovers } from './hover';
import { InlayHints } from './inlayHints';
import { LargeFiles } from './largeFiles';
import { Log } from './log';
import { MachineState } from './machineState';
import { ModelOverrides } from './modelOverrides';
import { QuickFixes } from './quickFix';
import { ReportDocuments } from './reportDocuments';
import { StatusItem } from './statusItem';
import { Targets } from './targets';

/** Everything that lives as long as the extension is active, put together by hand. */
export class Services implements vscode.Disposable {
  private readonly store = new DisposableStore();
  readonly log = this.store.add(new Log());
  readonly bundles = new Bundles();
  readonly machine = this.store.add(new MachineState(this.bundles, this.log));
  readonly benchmark = this.store.add(new BenchmarkState(this.bundles, this.machine));
  readonly targets: Targets;
  readonly overrides: ModelOverrides;
  readonly analyses: DocumentAnalysis;
  readonly diagnostics: Diagnostics;
  readonly statusItem: StatusItem;
  readonly reports = this.store.add(new ReportDocuments());

  constructor(readonly context: vscode.ExtensionContext) {
    this.targets = new Targets(context.globalState);
    this.overrides = this.store.add(new ModelOverrides(context.workspaceState));
    this.analyses = this.store.add(
      new DocumentAnalysis(this.bundles, this.machine, this.targets, this.overrides, this.log),
    );
    const docs = vscode.Uri.joinPath(context.extensionUri, 'docs', 'rules');
    this.diagnostics = this.store.add(new Diagnostics(this.analyses, docs));
    this.statusItem = this.store.add(new StatusItem(this.analyses, this.machine, this.benchmark));
    this.store.add(new CodeLenses(this.analyses));
    this.store.add(new Hovers(this.analyses));
    this.store.add(new InlayHints(this.analyses));
    this.store.add(new QuickFixes(this.analyses));
    this.store.add(new LargeFiles());
  }

  dispose(): void {
    this.store.dispose();
  }
}
