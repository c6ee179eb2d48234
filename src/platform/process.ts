import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, extname, isAbsolute, join } from 'node:path';

/** How a tool came to its end. */
export type ToolOutcome = 'exited' | 'not-found' | 'denied' | 'timeout' | 'too-much-output';

/** What a tool said. Texts are what came before the end, whatever the outcome. */
export interface ToolRun {
  readonly argv: readonly string[];
  readonly outcome: ToolOutcome;
  /** Exit code; null when a signal or this process ended it, or when it never started. */
  readonly exit: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ToolOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly environment?: NodeJS.ProcessEnv | undefined;
  readonly workingDirectory?: string | undefined;
  /** Bytes of output, of both streams together, after which the tool is ended. */
  readonly maxOutputBytes?: number;
}

const defaultMaxOutput = 8 * 2 ** 20;

/**
 * Runs a tool by its absolute path: no shell, no window, the C locale, a time limit, a limit on output. Resolves also when the
 * tool fails; rejects only with the signal's reason when it is aborted. At the limit the tool is killed with what it has
 * started, and the answer does not wait for it to go: a driver call can hang where no signal reaches.
 */
export async function runTool(path: string, args: readonly string[], options: ToolOptions): Promise<ToolRun> {
  options.signal?.throwIfAborted();
  const argv = [path, ...args];
  return new Promise<ToolRun>((resolve, reject) => {
    const ownGroup = process.platform !== 'win32';
    const child = spawn(path, args, {
      cwd: options.workingDirectory,
      env: { ...(options.environment ?? process.env), LC_ALL: 'C' },
      shell: false,
      windowsHide: true,
      detached: ownGroup,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    let bytes = 0;
    let settled = false;

    const finish = (act: () => void): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', abort);
      act();
    };
    const end = (outcome: ToolOutcome, exit: number | null): void => {
      finish(() =>
        resolve({
          argv,
          outcome,
          exit,
          stdout: Buffer.concat(out).toString('utf8'),
          stderr: Buffer.concat(err).toString('utf8'),
        }),
      );
    };
    const kill = (): void => {
      child.stdout.destroy();
      child.stderr.destroy();
      child.unref();
      try {
        // The negative id names the group: a script's children hold on otherwise.
        if (ownGroup && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
        else child.kill('SIGKILL');
      } catch {
        child.kill('SIGKILL');
      }
    };
    const abort = (): void => {
      finish(() => {
        kill();
        reject(asError(options.signal?.reason));
      });
    };
    const timer = setTimeout(() => {
      if (settled) return;
      kill();
      end('timeout', null);
    }, options.timeoutMs);
    options.signal?.addEventListener('abort', abort, { once: true });

    const collect =
      (into: Buffer[]) =>
      (chunk: Buffer): void => {
        if (settled) return;
        bytes += chunk.length;
        into.push(chunk);
        if (bytes > (options.maxOutputBytes ?? defaultMaxOutput)) {
          kill();
          end('too-much-output', null);
        }
      };
    child.stdout.on('data', collect(out));
    child.stderr.on('data', collect(err));
    child.on('error', (error: NodeJS.ErrnoException) => {
      end(error.code === 'EACCES' || error.code === 'EPERM' ? 'denied' : 'not-found', null);
    });
    child.on('close', (code) => end('exited', code));
    // A tool that leaves something behind with its output open has still ended.
    child.on('exit', (code) => setTimeout(() => end('exited', code), 500).unref());
  });
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error('the run was aborted');
}

/**
 * Absolute path of a command on PATH; null when there is none. Entries of PATH that are relative are passed over: they would
 * run what lies in the folder that happens to be open.
 */
export async function findOnPath(
  command: string,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<string | null> {
  const path = environment['PATH'] ?? environment['Path'] ?? '';
  for (const folder of path.split(delimiter)) {
    if (!isAbsolute(folder)) continue;
    const found = await firstExecutable(
      executableNames(command, environment).map((name) => join(folder, name)),
    );
    if (found !== null) return found;
  }
  return null;
}

/** The first of the paths that is an executable file; null when none is. */
export async function firstExecutable(paths: readonly string[]): Promise<string | null> {
  for (const path of paths) {
    try {
      await access(path, process.platform === 'win32' ? constants.F_OK : constants.X_OK);
      return path;
    } catch {
      continue;
    }
  }
  return null;
}

function executableNames(command: string, environment: NodeJS.ProcessEnv): string[] {
  if (process.platform !== 'win32' || extname(command) !== '') return [command];
  // Batch files need a shell, which is never used.
  const extensions = (environment['PATHEXT'] ?? '.EXE').split(';').filter((e) => /^\.(?:exe|com)$/iu.test(e));
  return (extensions.length > 0 ? extensions : ['.EXE']).map((extension) => command + extension);
}
