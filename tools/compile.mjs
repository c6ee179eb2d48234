// Transpiles src/ and test/ file by file (no bundle) so that mocha can run them: out/src/**, out/test/**.
import { build } from 'esbuild';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Every .ts file under a folder. */
function sources(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.d.ts'))
    .map((entry) => join(entry.parentPath, entry.name));
}

export async function compile(outdir = 'out') {
  rmSync(outdir, { recursive: true, force: true });
  await build({
    entryPoints: [...sources('src'), ...sources('test')],
    outdir,
    outbase: '.',
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    sourcemap: 'inline',
    logLevel: 'warning',
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await compile(process.argv[2]);
