import * as vscode from 'vscode';
import type { HardwareReport, Machine } from '../core/hardware/device';
import type { Bundles, HardwareBundle } from './bundles';
import type { Log } from './log';
import { detectOptions } from './settings';
import { machineOfThisProcess } from './trust';

/** Free memory older than this is asked for again when one of our files is looked at. */
const staleAfterMilliseconds = 60_000;
/** A first answer does not wait longer than this for a driver that hangs; it is given again when the driver answers. */
const patienceMilliseconds = 3_000;

interface Detection {
  /** With the ceilings that were measured on this machine in place of the catalogue's. */
  readonly report: HardwareReport;
  /** ISO time of the benchmark that they come from; null = none was run. */
  readonly measuredAt: string | null;
  /** `performance.now()` of the detection. */
  readonly at: number;
}

/** What is known of the machine. Nothing is asked before somebody wants to know. */
export class MachineState implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  private detecting: Promise<HardwareReport> | null = null;
  private last: Detection | null = null;

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

  /** ISO time of the benchmark that the ceilings come from; null where none was run. */
  get measuredAt(): string | null {
    return this.last?.measuredAt ?? null;
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
      const hardware = this.bundles.hardware();
      const detected = await detect(hardware);
      const stored = await hardware.loadCeilings(hardware.defaultCeilingsFolder(), detected.machine);
      const report = { ...detected, machine: hardware.withMeasuredCeilings(detected.machine, stored) };
      this.last = { report, measuredAt: stored.measuredAt, at: performance.now() };
      this.changed.fire();
      return report;
    } catch (error) {
      this.log.error('hardware detection failed', error);
      throw error;
    }
  }
}

/** What the machine has, or what the document says that the user gave in its place. */
async function detect(hardware: HardwareBundle): Promise<HardwareReport> {
  const { document, ...options } = detectOptions();
  if (document === null) return hardware.detectHardware(options);
  const report = await hardware.readHardwareReport(document);
  if (typeof report === 'string') throw new Error(report);
  return report;
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
