// Makes the VSIX of a platform: npm run package [-- --target linux-arm64]. The native benchmark engine is the only part that differs.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { PackageManager, createVSIX, listFiles } from '@vscode/vsce';
import { buildAll } from './build.mjs';
import { thirdPartyNotices } from './notices.mjs';

/** Platforms for which onnxruntime has a native binary. */
const targets = ['linux-x64', 'linux-arm64', 'darwin-arm64', 'win32-x64', 'win32-arm64'];

/** What stands in the clone and goes into every package; .vscodeignore has the last word. */
const shipped = ['.vscodeignore', 'README.md', 'CHANGELOG.md', 'LICENSE', 'dist', 'docs', 'media'];

const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));

/** Copies the files of an installed package that `wanted(relative path)` names into `modules`. */
function copyPackage(name, from, modules, wanted) {
  for (const entry of readdirSync(from, { recursive: true })) {
    const path = entry.replaceAll('\\', '/');
    if (statSync(join(from, path)).isDirectory() || !wanted(path)) continue;
    const to = join(modules, name, path);
    mkdirSync(dirname(to), { recursive: true });
    cpSync(join(from, path), to);
  }
}

/** The folder of a package for another platform, fetched through npm and checked against the lock file; ours is installed already. */
function platformPackage(name, scratch) {
  const installed = join('node_modules', name);
  if (existsSync(installed)) return installed;
  const { version, integrity } = readJson('package-lock.json').packages[`node_modules/${name}`];
  const npm = process.env.npm_execpath?.endsWith('.js')
    ? [process.execPath, process.env.npm_execpath]
    : ['npm'];
  const { status, stdout } = spawnSync(
    npm[0],
    [...npm.slice(1), 'pack', `${name}@${version}`, '--json', '--pack-destination', scratch],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
  );
  if (status !== 0) throw new Error(`${name}@${version} could not be fetched`);
  const archive = join(scratch, Object.values(JSON.parse(stdout))[0].filename);
  const digest = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
  if (digest !== integrity) throw new Error(`${name}@${version} is not what package-lock.json names`);
  const folder = join(scratch, name);
  mkdirSync(folder, { recursive: true });
  if (spawnSync('tar', ['-xzf', archive, '--strip-components=1', '-C', folder]).status !== 0)
    throw new Error(`${archive} could not be unpacked`);
  return folder;
}

/** The benchmark's native packages, only the files that they load at run time. */
function copyRuntime(target, modules, scratch) {
  const binaries = `bin/napi-v6/${target.replace('-', '/')}/`;
  copyPackage(
    'onnxruntime-node',
    'node_modules/onnxruntime-node',
    modules,
    (path) =>
      path === 'package.json' ||
      /^dist\/[^/]+\.js$/.test(path) ||
      // macOS: the library lies there twice under two names, and the binding asks for the shorter one.
      (path.startsWith(binaries) && !/\.\d+\.\d+\.\d+\.dylib$/.test(path)),
  );
  copyPackage(
    'onnxruntime-common',
    'node_modules/onnxruntime-common',
    modules,
    (path) => path === 'package.json' || /^dist\/cjs\/(.+\.js|package\.json)$/.test(path),
  );
  copyPackage('koffi', 'node_modules/koffi', modules, (path) =>
    ['package.json', 'index.cjs', 'src/koffi/index.cjs', 'src/koffi/src/static.cjs', 'LICENSE.txt'].includes(
      path,
    ),
  );
  const name = `@koromix/koffi-${target}`;
  copyPackage(name, platformPackage(name, scratch), modules, (path) => /\.(js|json|node)$/.test(path));
}

/** package.json as users get it: without what is only for building. */
function shippedManifest() {
  const {
    scripts,
    devDependencies,
    dependencies,
    private: _private,
    bin,
    ...manifest
  } = readJson('package.json');
  return manifest;
}

/** Builds and packs; gives `{ file, files }`: the VSIX and the paths in it. `outFile` defaults to rooflens-TARGET-VERSION.vsix. */
export async function packageExtension({ target = `${process.platform}-${process.arch}`, outFile } = {}) {
  if (!targets.includes(target))
    throw new Error(`There is no package for ${target}; the targets are ${targets.join(', ')}.`);
  const metafiles = await buildAll();
  const scratch = mkdtempSync(join(tmpdir(), 'rooflens-package-'));
  try {
    const staging = join(scratch, 'extension');
    mkdirSync(staging);
    for (const name of shipped) if (existsSync(name)) cpSync(name, join(staging, name), { recursive: true });
    copyRuntime(target, join(staging, 'dist', 'node_modules'), scratch);
    const notices = thirdPartyNotices(metafiles, ['onnxruntime-common', 'onnxruntime-node', 'koffi']);
    writeFileSync(join(staging, 'ThirdPartyNotices.txt'), notices);
    const manifest = shippedManifest();
    writeFileSync(join(staging, 'package.json'), JSON.stringify(manifest, null, 2));
    const files = await listFiles({ cwd: staging, packageManager: PackageManager.None });
    const file = outFile ?? join(process.cwd(), `rooflens-${target}-${manifest.version}.vsix`);
    await createVSIX({
      cwd: staging,
      packagePath: file,
      target,
      dependencies: false,
      rewriteRelativeLinks: false,
      allowMissingRepository: true,
    });
    return { file, files: files.toSorted() };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { values } = parseArgs({ options: { target: { type: 'string' } } });
  try {
    const { file } = await packageExtension(values);
    console.log(`${file}: ${(statSync(file).size / 1e6).toFixed(1)} MB`);
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
