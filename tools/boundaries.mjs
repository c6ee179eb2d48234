// Proves that the core is pure: one bundle of all of it for no platform at all must build, and holds no package but those listed.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

/** Packages that compute and do nothing else. */
const purePackages = new Set(['@bufbuild/protobuf', 'jsonc-parser', 'valibot', 'yaml']);

function coreSources() {
  return readdirSync('src/core', { recursive: true, withFileTypes: true })
    .filter(({ name }) => name.endsWith('.ts') && !name.endsWith('.test.ts') && !name.endsWith('.d.ts'))
    .map((entry) => join(entry.parentPath, entry.name));
}

function packageOf(input) {
  const [, path] = input.split(/.*node_modules\//s);
  if (path === undefined) return null;
  const [scope, name] = path.split('/');
  return scope.startsWith('@') ? `${scope}/${name}` : scope;
}

/** Builds all of src/core for the neutral platform; gives the sentences that say what is not pure. */
export async function checkNeutralBundle() {
  try {
    const { metafile } = await build({
      entryPoints: coreSources(),
      outdir: 'out/neutral',
      bundle: true,
      write: false,
      metafile: true,
      format: 'esm',
      splitting: true,
      platform: 'neutral',
      target: 'es2023',
      mainFields: ['module', 'main'],
      logLevel: 'warning',
    });
    const packages = new Set(Object.keys(metafile.inputs).map(packageOf));
    return [...packages]
      .filter((name) => name !== null && !purePackages.has(name))
      .map((name) => `src/core uses ${name}, which is not in the list of pure packages`);
  } catch {
    return ['src/core does not build for the neutral platform'];
  }
}
