import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

/**
 * Path into the folder of test material that lies beside a checkout (real configs, measured figures; their licences keep
 * them out of the repository). `ROOFLENS_SHARED` points elsewhere. null when it is not there: such a test is then skipped
 * by name, except under CI, where its absence is a failure.
 */
export function sharedPath(...parts: readonly string[]): string | null {
  const root = process.env['ROOFLENS_SHARED'] ?? resolve('..', 'shared');
  const path = join(root, ...parts);
  if (existsSync(path)) return path;
  if (process.env['CI'] === 'true') throw new Error(`test material is missing: ${path}`);
  return null;
}
