import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Path of a file or folder under `test/fixtures`. */
export function fixturePath(...parts: readonly string[]): string {
  return join(resolve('test', 'fixtures'), ...parts);
}

/** Text of a fixture. */
export function fixture(...parts: readonly string[]): string {
  return readFileSync(fixturePath(...parts), 'utf8');
}

/** Every file of a fixture folder with its text. */
export function fixtures(...parts: readonly string[]): { readonly name: string; readonly text: string }[] {
  return readdirSync(fixturePath(...parts))
    .sort()
    .map((name) => ({ name, text: fixture(...parts, name) }));
}
