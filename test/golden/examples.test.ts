import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import type { Analysis } from '../../src/core/finding/analysis';
import type { Verdict } from '../../src/core/finding/result';
import { noCeilings, type Machine } from '../../src/core/hardware/device';
import { GiB } from '../../src/core/units/bytes';
import { analyseText } from '../../src/platform/analysis';

const root = resolve('examples');

/** A machine that nothing is asked of: the target comes from the catalogue. */
const machine: Machine = {
  os: { platform: 'linux', release: '', container: false, wsl: false, loginNode: false },
  cpu: {
    model: 'any',
    physicalCores: 8,
    logicalCores: 16,
    isa: ['avx2'],
    quotaCores: null,
    ceilings: noCeilings,
  },
  memory: {
    totalBytes: 32 * GiB,
    availableBytes: 24 * GiB,
    limitBytes: null,
    ratedBytesPerSecond: null,
    origin: 'reported',
  },
  devices: [],
};

/** What `examples/README.md` promises. */
const promised: Readonly<Record<string, Verdict | 'not-ours'>> = {
  'app/config.json': 'not-ours',
  'axolotl-exceeds.yaml': 'exceeds',
  'axolotl-fits.yaml': 'fits',
  'axolotl-unknown.yaml': 'unknown',
  'jobs/chat-32b-long.rooflens.json': 'partial',
  'jobs/chat-8b-many.rooflens.json': 'tight',
  'jobs/chat-8b.rooflens.json': 'fits',
  'jobs/chat-own-model.rooflens.json': 'unknown',
  'jobs/pretrain-gpt2.rooflens.json': 'fits',
  'models/bert-base/config.json': 'fits',
  'models/gpt2/config.json': 'fits',
  'models/llama-3.1-8b/config.json': 'fits',
  'models/qwen2.5-1.5b/config.json': 'fits',
  'package.json': 'not-ours',
};

function analyse(path: string): Promise<Analysis> {
  return analyseText({
    text: readFileSync(join(root, path), 'utf8'),
    path: join(root, path),
    workspaceRoot: root,
    target: 'rtx4090',
    targetChosen: true,
    machine,
    settings: { contextLength: 8192, chatTokensPerSecond: 8, headroomBytes: null },
    modelOverrides: {},
    environment: { HF_HOME: join(root, 'no-cache') },
  });
}

describe('the example workspace', () => {
  it('has one answer of every kind, and each is the one that its README promises', async () => {
    const answers: Record<string, string> = {};
    for (const path of Object.keys(promised)) {
      const analysis = await analyse(path);
      answers[path] = analysis.outcome === 'analysed' ? analysis.jobs[0]!.result.verdict : analysis.outcome;
      if (analysis.outcome === 'analysed') assert.deepEqual(analysis.problems, [], path);
    }
    assert.deepEqual(answers, promised);
    assert.deepEqual([...new Set(Object.values(answers))].sort(), [
      'exceeds',
      'fits',
      'not-ours',
      'partial',
      'tight',
      'unknown',
    ]);
  });

  it('has no other files than its README names', () => {
    const files = readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
      .filter((path) => !['README.md', '.vscode/settings.json'].includes(path));
    assert.deepEqual(files.sort(), Object.keys(promised).sort());
  });
});
