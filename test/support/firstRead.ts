import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** What reading one file took in a process that had read none before. */
export interface FirstRead {
  readonly milliseconds: number;
  /** How much larger the process was afterwards. */
  readonly residentBytes: number;
}

/**
 * The first call of `reader` (the export of a compiled module, below `out/`) in a fresh process, with a path. Node's own
 * start and loading the module are not counted. Several processes are started, each of which reads once, and the best is
 * given: the others tell how busy the machine is.
 */
export function firstRead(module: string, reader: string, path: string, processes = 5): FirstRead {
  const reads = Array.from({ length: processes }, (): FirstRead => {
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ['-e', script, join(process.cwd(), 'out', module), reader, path],
      { encoding: 'utf8' },
    );
    if (stdout === '') throw new Error(stderr);
    return JSON.parse(stdout) as FirstRead;
  });
  return {
    milliseconds: Math.min(...reads.map((read) => read.milliseconds)),
    residentBytes: Math.min(...reads.map((read) => read.residentBytes)),
  };
}

const script = `
  const [module, reader, path] = process.argv.slice(1);
  const read = require(module)[reader];
  const before = process.memoryUsage().rss;
  const start = performance.now();
  read(path).then((outcome) => {
    const milliseconds = performance.now() - start;
    const refused = outcome.reason ?? outcome.contents?.reason;
    if (refused !== undefined) throw new Error(refused);
    process.stdout.write(JSON.stringify({ milliseconds, residentBytes: process.memoryUsage().rss - before }));
  });
`;
