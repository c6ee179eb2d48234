// Builds dist/: one CommonJS bundle per entry, because a CommonJS bundle cannot split and lazy loading means separate files.
import { build } from 'esbuild';
import { mkdirSync, writeFileSync, existsSync, readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

/** Entry bundles and the largest size each may have, in bytes. */
export const bundles = {
  extension: { entry: 'src/editor/extension.ts', budget: 120_000 },
  analysis: { entry: 'src/platform/analysis.ts', budget: 1_600_000 },
  hardware: { entry: 'src/platform/hardware.ts', budget: 700_000 },
  worker: { entry: 'src/worker/main.ts', budget: 120_000 },
  cli: { entry: 'src/cli/main.ts', budget: 2_200_000 },
};

const nodeOptions = {
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node20',
  minify: true,
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
  // jsonc-parser's `main` is a UMD file whose requires esbuild cannot follow.
  mainFields: ['module', 'main'],
  external: [
    'vscode',
    'onnxruntime-node',
    'koffi',
    './analysis.js',
    './hardware.js',
    './worker.js',
    './package.json',
  ],
};

export async function buildAll() {
  mkdirSync('dist', { recursive: true });
  const inputs = {};
  for (const [name, { entry }] of Object.entries(bundles)) {
    if (!existsSync(entry)) continue;
    const { metafile } = await build({
      ...nodeOptions,
      entryPoints: [entry],
      outfile: `dist/${name}.js`,
      banner: name === 'cli' ? { js: '#!/usr/bin/env node' } : {},
      define: {
        __ROOFLENS_VERSION__: JSON.stringify(JSON.parse(readFileSync('package.json', 'utf8')).version),
      },
    });
    inputs[name] = metafile;
  }
  writeFileSync('dist/meta.json', JSON.stringify(inputs));
  return inputs;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await buildAll();
