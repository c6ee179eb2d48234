import type { ToolRun } from '../process';

/**
 * All that a probe may touch. The same probes answer from the machine or from a recording of one, so whatever they read goes
 * through here.
 */
export interface ProbePort {
  /** A small text file; null when it is not there or cannot be read. `reduce` keeps the part that the probe wants. */
  text(path: string, reduce?: (text: string) => string): Promise<string | null>;
  /** Names in a folder, sorted; empty when it is not there. */
  list(folder: string): Promise<readonly string[]>;
  exists(path: string): Promise<boolean>;
  /** An environment variable. */
  variable(name: string): string | undefined;
  /** Absolute path of a tool: the user's setting, else PATH, else the usual places; null when there is none. */
  find(command: string, places?: readonly string[]): Promise<string | null>;
  run(path: string, args: readonly string[], timeoutMs: number): Promise<ToolRun>;
  /** Facts that a library gives: a name for the recording, and how to get them. Plain data. */
  facts(source: readonly string[], produce: () => Promise<unknown>): Promise<unknown>;
}

/** Gives each probe its own view, so that a recording knows who read what. */
export type PortFor = (probe: string) => ProbePort;
