// What users install: the VSIX holds the committed list of files, and in a plain editor its lens appears.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { quietSettings } from './hostSuites.mjs';
import { packageExtension } from './package.mjs';
import { openBrowser } from './vscodeServer/browser.mjs';
import { startServer } from './vscodeServer/server.mjs';
import { openWindow, untilLens } from './vscodeServer/workbench.mjs';

const listFile = 'test/fixtures/vsix-files.txt';

/** Files that differ from platform to platform. */
const isNative = (path) => path.includes('/bin/napi-') || path.includes('/@koromix/');

const smallModel = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  hidden_size: 2048,
  intermediate_size: 5632,
  num_hidden_layers: 22,
  num_attention_heads: 32,
  num_key_value_heads: 4,
  vocab_size: 32000,
  max_position_embeddings: 2048,
  torch_dtype: 'bfloat16',
};

/** Throws a sentence for every file that is there and not listed, or listed and not there. `update` writes the list anew. */
function compareFileList(files, update) {
  const actual = files.filter((path) => !isNative(path));
  if (update) writeFileSync(listFile, `${actual.join('\n')}\n`);
  const listed = readFileSync(listFile, 'utf8').trim().split('\n');
  const extra = actual.filter((path) => !listed.includes(path));
  const missing = listed.filter((path) => !actual.includes(path));
  if (extra.length + missing.length > 0)
    throw new Error(
      `The VSIX does not hold what ${listFile} lists. Not listed: ${extra.join(', ') || 'none'}. Missing: ${missing.join(', ') || 'none'}. ` +
        'If this is meant: node tools/packageTest.mjs --update.',
    );
}

function installInto({ node, root, data, extensions }, file) {
  const options = ['--server-data-dir', data, '--extensions-dir', extensions];
  const { status, stdout, stderr } = spawnSync(
    node,
    ['out/server-main.js', '--accept-server-license-terms', '--install-extension', file, ...options],
    { cwd: root, encoding: 'utf8' },
  );
  if (status !== 0 || !stdout.includes('successfully installed'))
    throw new Error(`The VSIX could not be installed:\n${stdout}${stderr}`);
}

/** Loads the benchmark's native packages from the installed folder alone, with the Node of the server. */
function loadRuntime(node, extensions) {
  const [folder] = readdirSync(extensions).filter((name) => name.startsWith('rooflens.rooflens-'));
  const dist = join(extensions, folder, 'dist');
  const script = `for (const name of ['onnxruntime-node', 'koffi']) {
    if (!require.resolve(name).startsWith(${JSON.stringify(dist)})) throw new Error(name + ' comes from elsewhere');
    require(name);
  }`;
  const { status, stderr } = spawnSync(node, ['-e', script], { cwd: dist, encoding: 'utf8' });
  if (status !== 0) throw new Error(`The native packages do not load: ${stderr}`);
}

/** Installs the VSIX into a fresh server, loads its native packages, and waits for its lens over a small model. */
async function lensOfInstalled(file, scratch) {
  const folder = join(scratch, 'model');
  mkdirSync(folder);
  writeFileSync(join(folder, 'config.json'), JSON.stringify(smallModel, null, 2));
  const browser = await openBrowser();
  try {
    const server = await startServer({
      settings: { ...quietSettings, 'rooflens.target': 'rtx4090' },
      env: { XDG_CACHE_HOME: join(scratch, 'cache'), HF_HOME: join(scratch, 'huggingface') },
      prepare(installed) {
        installInto(installed, file);
        loadRuntime(installed.node, installed.extensions);
      },
    });
    try {
      const page = await openWindow(browser, server, {
        folder,
        file: join(folder, 'config.json'),
        viewport: { width: 1200, height: 700 },
      });
      await untilLens(page, /GiB/);
    } finally {
      await server.stop();
    }
  } finally {
    await browser.close();
  }
}

/** Packs for this platform and runs both checks; gives how many passed and failed. */
export async function runPackageTests({ update = false } = {}) {
  const scratch = mkdtempSync(join(tmpdir(), 'rooflens-vsix-'));
  const sum = { passed: 0, failed: 0 };
  const check = async (title, body) => {
    try {
      await body();
      sum.passed++;
      console.log(`  ✓ package: ${title}`);
    } catch (error) {
      sum.failed++;
      console.log(`  ✗ package: ${title}\n      ${error.message}`);
    }
  };
  try {
    const { file, files } = await packageExtension({ outFile: join(scratch, 'rooflens.vsix') });
    await check('the VSIX holds the committed list of files', () => compareFileList(files, update));
    await check('its native packages load and its lens appears where it is installed', () =>
      lensOfInstalled(file, scratch),
    );
  } finally {
    rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
  }
  return sum;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { passed, failed } = await runPackageTests({ update: process.argv.includes('--update') });
  console.log(`\n${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}
