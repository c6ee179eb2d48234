import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { api } from '../api';
import { axolotl } from '../fixtures';
import { closeEditors, extension, lensTitles, openText, untilLens } from '../support';

/** Our own bundles that this process has read, by name. */
function bundlesInMemory(): readonly string[] {
  return Object.keys(createRequire(__filename).cache)
    .filter((path) => dirname(path) === join(extension().extensionPath, 'dist'))
    .map((path) => basename(path))
    .sort();
}

/** Shared libraries of the process whose name contains `name`. */
function libraries(name: string): readonly string[] {
  const report = process.report.getReport() as unknown as { readonly sharedObjects: readonly string[] };
  return report.sharedObjects.filter((path) => path.includes(name));
}

describe('what is not used', () => {
  before(() => extension().activate());
  afterEach(closeEditors);

  it('is not loaded for a file that is not ours', async () => {
    const { document } = await openText('laziness/package.json', '{ "name": "x" }');
    assert.deepEqual(await lensTitles(document), []);
    assert.deepEqual(api().loadedBundles(), []);
    assert.deepEqual(bundlesInMemory(), ['extension.js']);
  });

  it('is not loaded for a file that is ours: no benchmark code, no onnxruntime', async () => {
    const { document } = await openText('laziness/train.yaml', axolotl());
    await untilLens(document, /GiB/);
    assert(api().loadedBundles().includes('analysis'));
    assert(!bundlesInMemory().includes('worker.js'), bundlesInMemory().join());
    assert.deepEqual(libraries('onnxruntime'), []);
  });
});
