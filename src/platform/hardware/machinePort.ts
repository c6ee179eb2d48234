import { access, readdir, readFile } from 'node:fs/promises';
import { findOnPath, firstExecutable, runTool } from '../process';
import type { PortFor, ProbePort } from './probePort';

export interface MachinePortOptions {
  readonly signal?: AbortSignal | undefined;
  readonly environment: NodeJS.ProcessEnv;
  /** The user's own paths of tools, by command. */
  readonly toolPaths: Readonly<Record<string, string>>;
}

/** Reads this machine. */
export function machinePort(options: MachinePortOptions): PortFor {
  const { signal, environment, toolPaths } = options;
  const port: ProbePort = {
    async text(path, reduce) {
      signal?.throwIfAborted();
      try {
        const text = await readFile(path, { encoding: 'utf8', signal });
        return reduce === undefined ? text : reduce(text);
      } catch {
        signal?.throwIfAborted();
        return null;
      }
    },
    async list(folder) {
      signal?.throwIfAborted();
      try {
        return (await readdir(folder)).sort();
      } catch {
        return [];
      }
    },
    async exists(path) {
      try {
        await access(path);
        return true;
      } catch {
        return false;
      }
    },
    variable(name) {
      return environment[name];
    },
    async find(command, places = []) {
      const own = toolPaths[command];
      if (own !== undefined && own !== '') return firstExecutable([own]);
      return (await findOnPath(command, environment)) ?? (await firstExecutable(places));
    },
    run(path, args, timeoutMs) {
      return runTool(path, args, { timeoutMs, signal, environment });
    },
    facts(_source, produce) {
      signal?.throwIfAborted();
      return produce();
    },
  };
  return () => port;
}
