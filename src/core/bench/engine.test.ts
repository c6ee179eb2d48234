import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { engineName, onnxruntimeVersion } from './engine';

describe('engine', () => {
  it('is named by the version that is installed', () => {
    const manifest = readFileSync('node_modules/onnxruntime-node/package.json', 'utf8');
    assert.equal((JSON.parse(manifest) as { version: unknown }).version, onnxruntimeVersion);
    assert.equal(engineName('webgpu', '1.2.3'), 'onnxruntime 1.2.3 webgpu');
  });
});
