import { basename, dirname } from 'node:path';
import * as vscode from 'vscode';
import type { Analysis, AnalysisRequest, WhatIf } from '../core/finding/analysis';
import { MAX_CONFIG_BYTES } from '../core/job/document/limits';
import { SNIFFED_CHARACTERS, sniffs } from '../core/job/sniff';
import type { Span } from '../core/units/span';
import type { Bundles } from './bundles';
import { rootOf, toPath } from './conversions';
import { DisposableStore } from './disposableStore';
import type { Log } from './log';
import type { MachineState } from './machineState';
import type { ModelOverrides } from './modelOverrides';
import { selector } from './selector';
import { readSettings } from './settings';
import type { Targets } from './targets';
import { tooLarge } from './tooLarge';
import { trackSpan } from './trackedSpan';
import type { TypedChange } from './trackedSpan';

/** Milliseconds without a keystroke after which a text is read again. */
const debounceMilliseconds = 250;

export type OurAnalysis = Exclude<Analysis, { outcome: 'not-ours' }>;

/** What is known about a document now. */
export interface Answer {
  readonly analysis: OurAnalysis;
  /** Version of the text that the analysis is of. Its edits are good for this version only. */
  readonly version: number;
  /** The text cannot be read now, and this is the last answer. */
  readonly stale: boolean;
}

interface Followed {
  readonly document: vscode.TextDocument;
  answer: Answer | null;
  /** Version of the text and generation of everything else that `answer` takes into account. */
  settled: { readonly version: number; readonly generation: number } | null;
  /** What was typed since the version of the answer. */
  changes: TypedChange[];
  running: Promise<void> | null;
  timer: NodeJS.Timeout | null;
}

/** Documents and their answers: analysed when first looked at, again after each pause in typing, once at a time. */
export class DocumentAnalysis implements vscode.Disposable {
  private readonly store = new DisposableStore();
  private readonly answered = this.store.add(new vscode.EventEmitter<vscode.TextDocument>());
  private readonly followed = new Map<string, Followed>();
  private readonly watchers = new Map<string, vscode.Disposable>();
  private generation = 0;

  /** A document has another answer than before, or none any more. */
  readonly onDidAnswer = this.answered.event;

  constructor(
    private readonly bundles: Bundles,
    private readonly machine: MachineState,
    private readonly targets: Targets,
    private readonly overrides: ModelOverrides,
    private readonly log: Log,
  ) {
    this.store.add(vscode.workspace.onDidChangeTextDocument((event) => this.onChange(event)));
    this.store.add(vscode.workspace.onDidCloseTextDocument((document) => this.forget(document)));
    // File events are not to be had everywhere (a server without its native watcher); what is saved here is seen in any case.
    this.store.add(
      vscode.workspace.onDidSaveTextDocument(({ uri }) => {
        if (this.watchers.has(toPath(uri))) this.refreshAll();
      }),
    );
    this.store.add(vscode.window.onDidChangeVisibleTextEditors(() => this.followVisible()));
    this.store.add(
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration('rooflens')) this.refreshAll();
      }),
    );
    this.store.add(machine.onDidChange(() => this.refreshAll()));
    this.store.add(overrides.onDidChange(() => this.refreshAll()));
    this.store.add(vscode.workspace.onDidGrantWorkspaceTrust(() => this.refreshAll()));
  }

  /** The last answer, without waiting; null where there is none or the file is not ours. */
  answer(document: vscode.TextDocument): Answer | null {
    return this.followed.get(document.uri.toString())?.answer ?? null;
  }

  /** The answer, waited for where there is none yet. */
  async ready(document: vscode.TextDocument): Promise<Answer | null> {
    const followed = this.follow(document);
    if (followed === null) return null;
    if (followed.answer === null && !this.isSettled(followed)) await this.run(followed);
    return followed.answer;
  }

  /** The answer to the text as it is now: waits for the analysis of the last keystroke. */
  async current(document: vscode.TextDocument): Promise<Answer | null> {
    const followed = this.follow(document);
    if (followed === null) return null;
    if (!this.isSettled(followed)) await this.run(followed);
    return followed.answer;
  }

  /** Where a span of the answer stands in the text as it is now. */
  spanNow(document: vscode.TextDocument, span: Span): Span {
    return trackSpan(span, this.followed.get(document.uri.toString())?.changes ?? []);
  }

  /** What the key at an offset costs; null where it costs nothing or the answer is not of this text. */
  async whatIf(document: vscode.TextDocument, offset: number): Promise<WhatIf | null> {
    const answer = await this.ready(document);
    if (answer === null || answer.stale || answer.version !== document.version) return null;
    if (answer.analysis.outcome !== 'analysed') return null;
    return this.bundles.analysis().whatIf(await this.request(document.uri, document.getText()), offset);
  }

  /** What the analysis of a text is asked with, here and by the commands that ask for other targets. */
  async request(uri: vscode.Uri, text: string): Promise<AnalysisRequest> {
    const settings = readSettings(uri);
    const { target, chosen } = this.targets.current(uri);
    return {
      text,
      path: toPath(uri),
      workspaceRoot: rootOf(uri),
      target,
      targetChosen: chosen,
      machine: await this.machine.machine(),
      settings: {
        contextLength: settings.contextLength,
        chatTokensPerSecond: settings.chatTokensPerSecond,
        headroomBytes: settings.headroomBytes,
      },
      modelOverrides: this.overrides.all,
      environment: process.env,
    };
  }

  /** Starts on the documents that are to be seen. */
  followVisible(): void {
    for (const { document } of vscode.window.visibleTextEditors) void this.ready(document);
  }

  dispose(): void {
    this.store.dispose();
    for (const { timer } of this.followed.values()) if (timer !== null) clearTimeout(timer);
    this.followed.clear();
    for (const watcher of this.watchers.values()) watcher.dispose();
    this.watchers.clear();
  }

  private refreshAll(): void {
    this.generation++;
    for (const followed of this.followed.values()) void this.run(followed);
  }

  private follow(document: vscode.TextDocument): Followed | null {
    const key = document.uri.toString();
    const known = this.followed.get(key);
    if (known !== undefined) return known;
    if (document.isClosed || !isOurs(document)) return null;
    const followed: Followed = {
      document,
      answer: null,
      settled: null,
      changes: [],
      running: null,
      timer: null,
    };
    this.followed.set(key, followed);
    return followed;
  }

  private forget(document: vscode.TextDocument): void {
    const followed = this.followed.get(document.uri.toString());
    if (followed === undefined) return;
    if (followed.timer !== null) clearTimeout(followed.timer);
    this.followed.delete(document.uri.toString());
    this.watchDependencies();
    this.answered.fire(document);
  }

  private onChange({ document, contentChanges }: vscode.TextDocumentChangeEvent): void {
    if (contentChanges.length === 0) return;
    const known = this.followed.get(document.uri.toString());
    if (known !== undefined && !isOurs(document)) {
      this.forget(document);
      return;
    }
    const followed = known ?? this.follow(document);
    if (followed === null) return;
    for (const change of contentChanges) {
      followed.changes.push({
        offset: change.rangeOffset,
        removed: change.rangeLength,
        added: change.text.length,
      });
    }
    if (followed.timer !== null) clearTimeout(followed.timer);
    followed.timer = setTimeout(() => {
      followed.timer = null;
      void this.run(followed);
    }, debounceMilliseconds);
  }

  private isSettled({ settled, document }: Followed): boolean {
    return settled?.version === document.version && settled.generation === this.generation;
  }

  private isFollowed(followed: Followed): boolean {
    return this.followed.get(followed.document.uri.toString()) === followed;
  }

  private run(followed: Followed): Promise<void> {
    followed.running ??= this.settle(followed).finally(() => (followed.running = null));
    return followed.running;
  }

  /** Analyses until the answer is of the text as it is; an answer that came too late is thrown away. */
  private async settle(followed: Followed): Promise<void> {
    while (this.isFollowed(followed) && !this.isSettled(followed)) {
      const settled = { version: followed.document.version, generation: this.generation };
      const analysis = await this.analyse(followed.document);
      if (!this.isFollowed(followed)) return;
      if (settled.version === followed.document.version && settled.generation === this.generation) {
        followed.settled = settled;
        this.publish(followed, analysis);
      } else if (followed.timer !== null) {
        return;
      }
    }
  }

  private async analyse(document: vscode.TextDocument): Promise<Analysis> {
    const size = sizeOf(document);
    if (size > MAX_CONFIG_BYTES) return tooLarge(document.fileName, size);
    try {
      const request = await this.request(document.uri, document.getText());
      return await this.bundles.analysis().analyseText(request);
    } catch (error) {
      this.log.error(`${document.fileName} could not be analysed`, error);
      return failed(document.fileName);
    }
  }

  private publish(followed: Followed, analysis: Analysis): void {
    const { document, answer: last } = followed;
    if (analysis.outcome === 'not-ours') {
      followed.answer = null;
    } else if (analysis.outcome === 'unreadable' && last?.analysis.outcome === 'analysed') {
      followed.answer = { ...last, stale: true };
    } else {
      followed.answer = { analysis, version: document.version, stale: false };
      followed.changes = [];
    }
    this.watchDependencies();
    this.answered.fire(document);
  }

  /** One watcher for each file that an answer rests on besides its own text. */
  private watchDependencies(): void {
    const wanted = new Set<string>();
    for (const { answer } of this.followed.values()) {
      if (answer?.analysis.outcome === 'analysed')
        answer.analysis.dependencies.forEach((path) => wanted.add(path));
    }
    for (const [path, watcher] of this.watchers) {
      if (wanted.has(path)) continue;
      watcher.dispose();
      this.watchers.delete(path);
    }
    for (const path of wanted) {
      if (!this.watchers.has(path)) this.watchers.set(path, this.watch(path));
    }
  }

  private watch(path: string): vscode.Disposable {
    const name = basename(path).replace(/[[\]{}*!]/g, '?');
    const watcher = vscode.workspace.createFileSystemWatcher(
      new vscode.RelativePattern(vscode.Uri.file(dirname(path)), name),
    );
    const refresh = (): void => this.refreshAll();
    watcher.onDidChange(refresh);
    watcher.onDidCreate(refresh);
    watcher.onDidDelete(refresh);
    return watcher;
  }
}

/** The answer where the analysis itself broke: the last answer stays, else a sentence is said. */
function failed(path: string): Analysis {
  const message = `Rooflens could not read ${basename(path)}; its log says why.`;
  const span = { start: 0, end: 0 };
  return { outcome: 'unreadable', kind: 'failed', title: 'failed', message, span, findings: [] };
}

/** Whether a document may be one of ours, by its text; what is not loads nothing. */
function isOurs(document: vscode.TextDocument): boolean {
  if (vscode.languages.match(selector, document) === 0) return false;
  const head = new vscode.Range(new vscode.Position(0, 0), document.positionAt(SNIFFED_CHARACTERS));
  return sniffs(document.getText(head), toPath(document.uri));
}

/** Characters of a document, found without copying its text. */
function sizeOf(document: vscode.TextDocument): number {
  return document.offsetAt(document.lineAt(document.lineCount - 1).range.end);
}
