import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A new empty folder under the system's temporary folder. */
export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'rooflens-test-'));
}

/** Writes a shell script as a tool of that name and answers with the environment in which it is found. */
export function fakeTool(name: string, script: string): { path: string; environment: NodeJS.ProcessEnv } {
  const folder = temporaryFolder();
  mkdirSync(folder, { recursive: true });
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return { path, environment: { PATH: `${folder}:/usr/bin:/bin` } };
}
