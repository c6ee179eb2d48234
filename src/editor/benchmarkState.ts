import * as vscode from 'vscode';
import type { BenchReport } from '../core/bench/benchReport';
import type { Bundles } from './bundles';
import { contextKeys } from './contributions';
import type { MachineState } from './machineState';
import { pythonPath } from './settings';

/** How far a benchmark is. */
export interface BenchmarkProgress {
  /** 0 to 1. */
  readonly fraction: number;
  /** What is being done, for people. */
  readonly step: string;
}

const deviceNames = { cpu: 'CPU', gpu: 'GPU', torch: 'PyTorch' } as const;

/** The benchmark of this window: at most one runs, in a process of its own. */
export class BenchmarkState implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  private abort: AbortController | null = null;
  readonly onDidChange = this.changed.event;

  /** null while none runs. */
  running: BenchmarkProgress | null = null;

  constructor(
    private readonly bundles: Bundles,
    private readonly machine: MachineState,
  ) {}

  /** Runs a quick benchmark of all devices and keeps its figures; null when it was cancelled. Rejects when one runs already, or is refused. */
  async run(onProgress: (progress: BenchmarkProgress) => void): Promise<BenchReport | null> {
    if (this.abort !== null) throw new Error('A benchmark is running already.');
    const abort = new AbortController();
    this.abort = abort;
    this.report({ fraction: 0, step: 'Starting' });
    void vscode.commands.executeCommand('setContext', contextKeys.benchmarkRunning, true);
    try {
      const hardware = this.bundles.hardware();
      const { machine } = await this.machine.detect();
      const report = await hardware.runBenchmark({
        quick: true,
        device: 'all',
        machine,
        python: pythonPath(),
        ceilingsFolder: hardware.defaultCeilingsFolder(),
        signal: abort.signal,
        onProgress: ({ fraction, device, stage }) => {
          const progress = { fraction, step: `${deviceNames[device]}: ${stage}` };
          this.report(progress);
          onProgress(progress);
        },
      });
      await this.machine.detect();
      return report;
    } catch (error) {
      if (abort.signal.aborted) return null;
      throw error;
    } finally {
      this.abort = null;
      void vscode.commands.executeCommand('setContext', contextKeys.benchmarkRunning, false);
      this.report(null);
    }
  }

  /** Ends the running benchmark; false when none runs. */
  cancel(): boolean {
    this.abort?.abort();
    return this.abort !== null;
  }

  dispose(): void {
    this.abort?.abort();
    this.changed.dispose();
  }

  private report(progress: BenchmarkProgress | null): void {
    this.running = progress;
    this.changed.fire();
  }
}
