import * as vscode from 'vscode';
import type { HardwareReport, Machine } from '../core/hardware/device';
import type { Bundles } from './bundles';
import type { Log } from './log';
import { machineOfThisProcess } from './trust';

/** Free memory older than this is asked for again when one of our files is looked at. */
const staleAfterMilliseconds = 60_000;
/** A first answer does not wait longer than this for a driver that hangs; it is given again when the driver answers. */
const patienceMilliseconds = 3_000;

/** What is known of the machine. Nothing is asked before somebody wants to know. */
export class MachineState implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  private detecting: Promise<HardwareReport> | null = null;
  private last: { readonly report: HardwareReport; readonly at: number } | null = null;

  /** The hardware was detected, for the first time or again. */
  readonly onDidChange = this.changed.event;

  constructor(
    private readonly bundles: Bundles,
    private readonly log: Log,
  ) {}

  /** What the last detection found; null before the first one. */
  get report(): HardwareReport | null {
    return this.last?.report ?? null;
  }

  /**
   * The machine that an estimate is made for. In Restricted Mode, and as long as a first detection takes too long or when
   * it fails, it is what this process knows by itself.
   */
  async machine(): Promise<Machine> {
    if (this.last !== null) return this.last.report.machine;
    if (!vscode.workspace.isTrusted) return machineOfThisProcess();
    const detected = this.detect().then(
      (report) => report.machine,
      () => null,
    );
    return (await withPatience(detected, patienceMilliseconds)) ?? machineOfThisProcess();
  }

  /** Asks the tools and files of the system; a detection that is under way is shared. Rejects when that failed. */
  detect(): Promise<HardwareReport> {
    this.detecting ??= this.ask().finally(() => (this.detecting = null));
    return this.detecting;
  }

  /** Asks again when the last answer is old: free memory changes. */
  refreshIfStale(): void {
    if (this.last === null || !vscode.workspace.isTrusted) return;
    if (performance.now() - this.last.at < staleAfterMilliseconds) return;
    void this.detect().catch(() => null);
  }

  dispose(): void {
    this.changed.dispose();
  }

  private async ask(): Promise<HardwareReport> {
    try {
      const report = await this.bundles.hardware().detectHardware({});
      this.last = { report, at: performance.now() };
      this.changed.fire();
      return report;
    } catch (error) {
      this.log.error('hardware detection failed', error);
      throw error;
    }
  }
}

async function withPatience<T>(promise: Promise<T>, milliseconds: number): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const impatience = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), milliseconds);
  });
  try {
    return await Promise.race([promise, impatience]);
  } finally {
    clearTimeout(timer);
  }
}
