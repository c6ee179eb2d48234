import * as vscode from 'vscode';
import { escapeMarkdown } from '../core/finding/markdown';
import type { EstimateResult } from '../core/finding/result';
import type { Device } from '../core/hardware/device';
import { formatGiB } from '../core/units/bytes';
import { formatDuration } from '../core/units/counts';
import type { BenchmarkState } from './benchmarkState';
import { commands } from './contributions';
import type { DocumentAnalysis } from './documentAnalysis';
import type { MachineState } from './machineState';

/** The target and its free memory, while one of our files is active; the benchmark's progress while it runs. */
export class StatusItem implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem(
    'rooflens.target',
    vscode.StatusBarAlignment.Right,
    50,
  );
  private readonly subscriptions: vscode.Disposable;
  private shown = false;

  constructor(
    private readonly analyses: DocumentAnalysis,
    private readonly machine: MachineState,
    private readonly benchmark: BenchmarkState,
  ) {
    this.item.name = 'Rooflens';
    this.subscriptions = vscode.Disposable.from(
      this.item,
      vscode.window.onDidChangeActiveTextEditor(() => {
        if (this.activeResult() !== null) machine.refreshIfStale();
        this.update();
      }),
      analyses.onDidAnswer((document) => {
        if (document === vscode.window.activeTextEditor?.document) this.update();
      }),
      benchmark.onDidChange(() => this.update()),
    );
  }

  /** The text as it is shown; null while the item is hidden. */
  get text(): string | null {
    return this.shown ? this.item.text : null;
  }

  dispose(): void {
    this.subscriptions.dispose();
  }

  private activeResult(): EstimateResult | null {
    const document = vscode.window.activeTextEditor?.document;
    const analysis = document === undefined ? undefined : this.analyses.answer(document)?.analysis;
    return analysis?.outcome === 'analysed' ? (analysis.jobs[0]?.result ?? null) : null;
  }

  private update(): void {
    const { running } = this.benchmark;
    if (running !== null) {
      const percent = `${Math.round(running.fraction * 100)} %`;
      this.show(`$(sync~spin) Benchmark ${percent}`, `Rooflens benchmark, ${percent} done`);
      this.item.tooltip = `${running.step}. Click to cancel.`;
      this.item.command = commands.cancelBenchmark;
      return;
    }
    const result = this.activeResult();
    if (result === null) {
      this.shown = false;
      this.item.hide();
      return;
    }
    const memory = memoryText(result);
    this.show(`$(chip) ${result.target.label} ${memory}`, `Rooflens target ${result.target.name}, ${memory}`);
    this.item.tooltip = this.tooltip(result);
    this.item.command = commands.chooseTarget;
  }

  private show(text: string, label: string): void {
    this.shown = true;
    this.item.text = text;
    this.item.accessibilityInformation = { label };
    this.item.show();
  }

  private tooltip(result: EstimateResult): vscode.MarkdownString {
    const { target } = result;
    const devices = this.machine.report?.machine.devices ?? [];
    const lines = [
      `**${escapeMarkdown(target.name)}**: ${formatGiB(target.budget.bytes)} GiB to use${isSeveral(result) ? ' on each' : ''}`,
      ...(devices.length === 0 ? [] : [devices.map((device) => `- ${deviceLine(device)}`).join('\n')]),
      this.benchmarkLine(),
      'Click to choose another target',
    ];
    return new vscode.MarkdownString(lines.join('\n\n'));
  }

  private benchmarkLine(): string {
    const { measuredAt } = this.machine;
    return measuredAt === null
      ? 'This machine was not measured yet'
      : `This machine was measured ${formatDuration((Date.now() - Date.parse(measuredAt)) / 1000)} ago`;
  }
}

function isSeveral(result: EstimateResult): boolean {
  return result.target.pools.some(({ kind, count }) => kind === 'device' && count > 1);
}

/** `18.2 GiB free`, or what a job can have where nothing says how much is free. */
function memoryText(result: EstimateResult): string {
  const devices = result.target.pools.filter((pool) => pool.kind !== 'host');
  const pools = devices.length > 0 ? devices : result.target.pools;
  const free = pools.map((pool) => pool.freeBytes).filter((bytes) => bytes !== null);
  return free.length > 0
    ? `${formatGiB(Math.min(...free))} GiB free`
    : `${formatGiB(result.target.budget.bytes)} GiB`;
}

function deviceLine(device: Device): string {
  const name = escapeMarkdown(device.name);
  const { totalBytes, freeBytes } = device;
  if (totalBytes === null || freeBytes === null) return `${name}: memory unknown`;
  const holders = device.processes.map(({ name: process, bytes }) =>
    bytes === null ? escapeMarkdown(process) : `${escapeMarkdown(process)} ${formatGiB(bytes)}`,
  );
  const held = holders.length === 0 ? '' : ` (${holders.join(', ')})`;
  return `${name}: ${formatGiB(freeBytes)} GiB free, ${formatGiB(totalBytes - freeBytes)} used${held}`;
}
