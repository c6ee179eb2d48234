import { performance } from 'node:perf_hooks';
import type { Probe, ProbeOutcome } from '../../core/hardware/device';
import type { PortFor, ProbePort } from './probePort';

/** What a probe found: how it went, a short text for people, and the value; null = nothing. */
export interface ProbeAnswer<T> {
  readonly outcome: ProbeOutcome;
  readonly detail: string;
  readonly value: T | null;
}

/** Reads one source. It may fail in any way: the others still answer. */
export interface HardwareProbe<T> {
  readonly name: string;
  read(port: ProbePort): Promise<ProbeAnswer<T>>;
}

export function found<T>(value: T, detail = ''): ProbeAnswer<T> {
  return { outcome: 'ok', detail, value };
}

export function missing(detail: string, outcome: ProbeOutcome = 'not-found'): ProbeAnswer<never> {
  return { outcome, detail, value: null };
}

/** Runs probes under a common time limit and keeps the list of what came of each. */
export class ProbeRunner {
  readonly log: Probe[] = [];

  constructor(
    private readonly portFor: PortFor,
    private readonly limitMs: number,
    private readonly signal: AbortSignal | undefined,
  ) {}

  /** The probe's value, or null; an exception or a probe that does not come back is a line of the log. */
  async run<T>(probe: HardwareProbe<T>): Promise<T | null> {
    this.signal?.throwIfAborted();
    const started = performance.now();
    const position = this.log.length;
    this.log.push({ name: probe.name, outcome: 'skipped', milliseconds: 0, detail: '' });
    const answer = await this.#limited(probe);
    this.log[position] = {
      name: probe.name,
      outcome: answer.outcome,
      milliseconds: Math.round(performance.now() - started),
      detail: answer.detail,
    };
    return answer.value;
  }

  async #limited<T>(probe: HardwareProbe<T>): Promise<ProbeAnswer<T>> {
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<ProbeAnswer<T>>((resolve) => {
      timer = setTimeout(
        () => resolve(missing(`no answer within ${(this.limitMs / 1000).toFixed(0)} s`, 'timeout')),
        this.limitMs,
      );
    });
    try {
      return await Promise.race([probe.read(this.portFor(probe.name)), limit]);
    } catch (error) {
      this.signal?.throwIfAborted();
      return missing(error instanceof Error ? error.message : String(error), 'failed');
    } finally {
      clearTimeout(timer);
    }
  }
}
