import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import type { ToolRun } from '../process';
import type { Mask } from './masking';
import type { PortFor, ProbePort } from './probePort';

/**
 * One thing that a probe read. A tool has `argv`; a file, a folder (its path ends with `/`) or a mere look whether something is
 * there has `path`. `exit` is the tool's exit code, for the others 0 = there and 1 = not. Variables and facts of libraries are
 * written as tools: `printenv NAME`, `which NAME`, `systeminformation cpu`.
 */
export interface ManifestEntry {
  readonly probe: string;
  readonly argv?: readonly string[];
  readonly path?: string;
  readonly exit: number | null;
  readonly outcome?: ToolRun['outcome'];
  readonly stdoutFile: string | null;
  readonly stderrFile: string | null;
}

interface Noted {
  readonly entry: Omit<ManifestEntry, 'stdoutFile' | 'stderrFile'>;
  readonly stdout: string | null;
  readonly stderr: string | null;
}

/** Notes everything that the probes read through a port, to be written as a folder. */
export class Recorder {
  readonly #noted = new Map<string, Noted>();

  /** The same port, watched. */
  watch(portFor: PortFor): PortFor {
    return (probe) => this.#watch(probe, portFor(probe));
  }

  /** Writes `manifest.json` and a file for every text, masked if a mask is given. */
  async write(folder: string, mask: Mask | null): Promise<void> {
    await mkdir(folder, { recursive: true });
    const hide = (text: string): string => mask?.text(text) ?? text;
    const manifest: ManifestEntry[] = [];
    const save = async (name: string, text: string | null): Promise<string | null> => {
      if (text === null) return null;
      await writeFile(join(folder, name), hide(text));
      return name;
    };
    for (const { entry, stdout, stderr } of this.#noted.values()) {
      const stem = `${String(manifest.length).padStart(3, '0')}-${entry.probe.replace(/[^a-z0-9]+/giu, '-')}`;
      manifest.push({
        ...entry,
        ...(entry.argv === undefined ? {} : { argv: entry.argv.map(hide) }),
        ...(entry.path === undefined ? {} : { path: hide(entry.path) }),
        stdoutFile: await save(`${stem}.out.txt`, stdout),
        stderrFile: await save(`${stem}.err.txt`, stderr === '' ? null : stderr),
      });
    }
    await writeFile(join(folder, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  }

  #note(key: string, noted: Noted): void {
    this.#noted.set(`${noted.entry.probe} ${key}`, noted);
  }

  #watch(probe: string, port: ProbePort): ProbePort {
    const file = (path: string, content: string | null, exit: number): void =>
      this.#note(path, { entry: { probe, path, exit }, stdout: content, stderr: null });
    const tool = (argv: readonly string[], content: string | null, exit: number): void =>
      this.#note(argv.join(' '), { entry: { probe, argv, exit }, stdout: content, stderr: null });
    return {
      async text(path, reduce) {
        const text = await port.text(path, reduce);
        file(path, text, text === null ? 1 : 0);
        return text;
      },
      async list(folder) {
        const names = await port.list(folder);
        file(`${folder}/`, names.join('\n'), names.length === 0 ? 1 : 0);
        return names;
      },
      async exists(path) {
        const there = await port.exists(path);
        file(path, null, there ? 0 : 1);
        return there;
      },
      variable(name) {
        const value = port.variable(name);
        tool(['printenv', name], value ?? null, value === undefined ? 1 : 0);
        return value;
      },
      async find(command, places) {
        const path = await port.find(command, places);
        tool(['which', command], path, path === null ? 1 : 0);
        return path;
      },
      run: async (path, args, timeoutMs) => {
        const run = await port.run(path, args, timeoutMs);
        this.#note(run.argv.join(' '), {
          entry: { probe, argv: run.argv, exit: run.exit, outcome: run.outcome },
          stdout: run.stdout,
          stderr: run.stderr,
        });
        return run;
      },
      async facts(source, produce) {
        const value = await port.facts(source, produce);
        tool(source, JSON.stringify(value ?? null), 0);
        return value;
      },
    };
  }
}

/** A folder that is no recording: the message says which file and what is wrong with it. */
export class RecordingError extends Error {
  override readonly name = 'RecordingError';
}

interface Recorded extends ManifestEntry {
  readonly stdout: string | null;
  readonly stderr: string;
}

/** Answers from a recording without touching the machine: what was not recorded is not there. */
export async function recordedPort(folder: string): Promise<PortFor> {
  const entries = await readRecording(folder);
  return (probe) => {
    // What another probe read is true as well.
    const ordered = [...entries.filter((entry) => entry.probe === probe), ...entries];
    const byPath = (path: string): Recorded | undefined => ordered.find((entry) => entry.path === path);
    const byArgv = (argv: readonly string[]): Recorded | undefined =>
      ordered.find((entry) => entry.argv?.join(' ') === argv.join(' '));
    return {
      text: (path) => Promise.resolve(byPath(path)?.stdout ?? null),
      list(path) {
        const names = byPath(`${path}/`)?.stdout ?? '';
        return Promise.resolve(names.split('\n').filter((name) => name !== ''));
      },
      exists: (path) => Promise.resolve((byPath(path) ?? byPath(`${path}/`))?.exit === 0),
      variable(name) {
        const entry = byArgv(['printenv', name]);
        return entry?.exit === 0 ? (entry.stdout ?? '') : undefined;
      },
      find(command) {
        const noted = byArgv(['which', command]);
        if (noted !== undefined) return Promise.resolve(noted.exit === 0 ? noted.stdout : null);
        // A recording that somebody put together by hand may hold the runs alone.
        const run = ordered.find(
          (entry) => toolName(entry.argv?.[0]) === command && entry.outcome !== 'not-found',
        );
        return Promise.resolve(run?.argv?.[0] ?? null);
      },
      run(path, args) {
        const entry = sameRun(ordered, path, args);
        const argv = entry?.argv ?? [path, ...args];
        return Promise.resolve<ToolRun>(
          entry === undefined
            ? { argv, outcome: 'not-found', exit: null, stdout: '', stderr: '' }
            : {
                argv,
                outcome: entry.outcome ?? 'exited',
                exit: entry.exit,
                stdout: entry.stdout ?? '',
                stderr: entry.stderr,
              },
        );
      },
      facts(source) {
        const text = byArgv(source)?.stdout ?? null;
        if (text === null) return Promise.resolve(null);
        try {
          return Promise.resolve(JSON.parse(text) as unknown);
        } catch {
          return Promise.resolve(null);
        }
      },
    };
  };
}

/** The recorded run of a tool with these arguments; else one whose first argument asks for the same thing in other words. */
function sameRun(entries: readonly Recorded[], path: string, args: readonly string[]): Recorded | undefined {
  const runs = entries.filter((entry) => toolName(entry.argv?.[0]) === toolName(path));
  const option = (argument: string | undefined): string => (argument ?? '').replace(/=.*$/u, '');
  return (
    runs.find((entry) => entry.argv?.slice(1).join(' ') === args.join(' ')) ??
    runs.find((entry) => args.length > 0 && option(entry.argv?.[1]) === option(args[0]))
  );
}

function toolName(path: string | undefined): string {
  return basename((path ?? '').replaceAll('\\', '/')).replace(/\.exe$/iu, '');
}

async function readRecording(folder: string): Promise<Recorded[]> {
  const manifestFile = join(folder, 'manifest.json');
  let manifest: unknown;
  try {
    manifest = JSON.parse(await readFile(manifestFile, 'utf8'));
  } catch (error) {
    const reason = error instanceof SyntaxError ? 'is no JSON' : 'cannot be read';
    throw new RecordingError(`${manifestFile} ${reason}: a folder written by --record is expected`);
  }
  if (!Array.isArray(manifest)) throw new RecordingError(`${manifestFile} is no list of what was read`);
  const entries: Recorded[] = [];
  for (const [position, item] of manifest.entries()) {
    if (!isEntry(item))
      throw new RecordingError(
        `${manifestFile}: entry ${position} needs a probe, argv or path, exit, stdoutFile and stderrFile`,
      );
    entries.push({
      ...item,
      stdout: await readInside(folder, item.stdoutFile),
      stderr: (await readInside(folder, item.stderrFile)) ?? '',
    });
  }
  return entries;
}

async function readInside(folder: string, name: string | null | undefined): Promise<string | null> {
  if (name === null || name === undefined) return null;
  const path = resolve(folder, name);
  const inside = relative(resolve(folder), path);
  if (inside.startsWith('..') || inside === '' || resolve(inside) === inside)
    throw new RecordingError(`manifest.json names ${name}, which is not in ${folder}`);
  try {
    return await readFile(path, 'utf8');
  } catch {
    throw new RecordingError(`${path} cannot be read, though manifest.json names it`);
  }
}

function isEntry(item: unknown): item is ManifestEntry {
  if (typeof item !== 'object' || item === null) return false;
  const { probe, argv, path, exit, stdoutFile, stderrFile } = item as Record<string, unknown>;
  const optionalText = (value: unknown): boolean =>
    value === undefined || value === null || typeof value === 'string';
  const isArgv = Array.isArray(argv) && argv.length > 0 && argv.every((part) => typeof part === 'string');
  return (
    typeof probe === 'string' &&
    (isArgv || (argv === undefined && typeof path === 'string')) &&
    (exit === null || typeof exit === 'number') &&
    optionalText(stdoutFile) &&
    optionalText(stderrFile)
  );
}
