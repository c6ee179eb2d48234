import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import fc from 'fast-check';
import { sharedPath } from '../../../test/shared';
import { formats } from './formats/index';
import { recognise } from './recognise';
import { sniffers, sniffs } from './sniff';

const context = (path: string): { path: string; contextLength: number } => ({ path, contextLength: 8192 });

function kindOf(text: string, path: string): string {
  const { outcome } = recognise(text, context(path));
  if (outcome.outcome === 'recognised') return outcome.recognition.kind;
  return outcome.outcome === 'not-ours' ? 'not-ours' : `${outcome.outcome} ${outcome.kind}`;
}

/** Files of the corpus, with their path relative to it. */
function corpus(...folder: readonly string[]): readonly { path: string; text: string }[] | null {
  const root = sharedPath('corpus', ...folder);
  if (root === null) return null;
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ path, text: readFileSync(path, 'utf8') }));
}

describe('recognise', () => {
  it('takes every axolotl file of the corpus for one', function () {
    const files = corpus('axolotl', 'examples');
    if (files === null) this.skip();
    assert.ok(files.length >= 19);
    for (const { path, text } of files) assert.equal(kindOf(text, path), 'axolotl', path);
  });

  it('takes every model config of the corpus for one', function () {
    const files = corpus('hf-config');
    if (files === null) this.skip();
    let models = 0;
    for (const { path, text } of files) {
      // Beside a config, and no model by itself.
      const companion = path.endsWith('hf_quant_config.json');
      assert.equal(kindOf(text, path), companion ? 'not-ours' : 'hf-config', path);
      models += companion ? 0 : 1;
    }
    assert.ok(models >= 40);
  });

  it('takes nothing else of the corpus for one of ours', function () {
    const files = corpus();
    if (files === null) this.skip();
    assert.ok(files.length > 240);
    for (const { path, text } of files) {
      if (/\/corpus\/(?:axolotl\/examples|hf-config)\//.test(path)) continue;
      const textEncoder = /\/diffusers\/[^/]+\/text_encoder(?:_2)?\/config\.json$/.test(path);
      const pipeline = /\/diffusers\/[^/]+\/(?:model_index|(?:unet|vae)\/config)\.json$/.test(path);
      // The experiments do not name their base models.
      const adapter = path.endsWith('/adapter_config.json') ? 'fragment peft-adapter' : 'not-ours';
      const kind = textEncoder ? 'hf-config' : pipeline ? 'diffusers' : adapter;
      assert.equal(kindOf(text, path), kind, path);
    }
  });

  it('sniffs yes for everything that it recognises, in any part of the corpus', function () {
    const files = corpus();
    if (files === null) this.skip();
    for (const { path, text } of files) {
      if (kindOf(text, path) !== 'not-ours') assert.ok(sniffs(text, path), path);
      if (path.includes('/negative/')) assert.ok(!sniffs(text, path), path);
    }
  });

  it('is silent about files that only look alike', () => {
    const silent: readonly (readonly [string, string])[] = [
      ['/w/config.json', '{"name": "app", "architectures": ["x64", "arm64"]}'],
      ['/w/config.json', '{"model_type": "premium", "price": 3}'],
      [
        '/w/package.json',
        '{"model_type": "llama", "hidden_size": 4096, "architectures": ["LlamaForCausalLM"]}',
      ],
      ['/w/.vscode/settings.json', '{"model_type": "llama", "hidden_size": 4096}'],
      ['/w/node_modules/x/config.json', '{"model_type": "llama", "hidden_size": 4096}'],
      ['/w/config.json', '{"n_layers": 3, "layers": ["dense", "relu"]}'],
      ['/w/merge.yaml', 'base_model: x/y\nmerge_method: slerp\ndatasets: []\n'],
      ['/w/job.yaml', 'base_model: x/y\n'],
      ['/w/values.yaml', 'adapter: nginx\ndatasets: {}\n'],
      ['/w/task.yaml', 'run: |\n  axolotl train\nbase_model: x\nmicro_batch_size: 1\n'],
      ['/w/README.md', 'base_model: x\nmicro_batch_size: 1\n'],
      ['/w/empty.json', ''],
    ];
    for (const [path, text] of silent) assert.equal(kindOf(text, path), 'not-ours', `${path} ${text}`);
  });

  it('calls a broken file unreadable, with the place, when its keys still say what it is', () => {
    const { outcome } = recognise(
      '{"model_type": "llama", "hidden_size": 4096,, "x"',
      context('/w/config.json'),
    );
    assert.equal(outcome.outcome, 'unreadable');
    assert.ok(outcome.span.start > 0 && outcome.message.length > 0);
    assert.equal(
      kindOf('base_model: x\nmicro_batch_size: [1\nadapter: lora\n', '/w/a.yml'),
      'unreadable axolotl',
    );
    assert.equal(kindOf('{', '/w/a.rooflens.json'), 'unreadable job');
    assert.equal(kindOf('', '/w/a.rooflens.json'), 'unreadable job');
  });

  it('calls an axolotl file without a model a fragment', () => {
    assert.equal(
      kindOf('base_model:\nsequence_len: 512\nmicro_batch_size: 1\nadapter: lora\n', '/w/a.yml'),
      'fragment axolotl',
    );
  });

  it('never throws and stays quick on real files cut anywhere', function () {
    this.timeout(60_000);
    const files = corpus('axolotl')?.concat(corpus('hf-config') ?? []) ?? null;
    if (files === null) this.skip();
    for (const { path, text } of files) {
      if (text.length > 20_000) continue;
      for (let cut = 1; cut < text.length; cut += Math.ceil(text.length / 25)) {
        const started = performance.now();
        recognise(text.slice(0, cut), context(path));
        assert.ok(performance.now() - started < 2000, path);
      }
    }
  });

  it('never throws on values of the wrong kind', function () {
    this.timeout(30_000);
    const files = corpus('axolotl', 'examples', 'llama-3');
    if (files === null) this.skip();
    const junk = fc.constantFrom(
      ...[
        '-1',
        '1e308',
        '"x"',
        '[]',
        '{}',
        '[1, {a: b}]',
        'null',
        '~',
        'true',
        '.nan',
        '-.inf',
        '0',
        "''",
        '!x y',
        '1.5',
      ],
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...files),
        fc.array(fc.tuple(fc.nat(), junk), { maxLength: 6 }),
        (file, changes) => {
          const lines = file.text.split('\n');
          for (const [pick, value] of changes) {
            const at = pick % lines.length;
            lines[at] = (lines[at] ?? '').replace(/^(\w+):.*$/, `$1: ${value}`);
          }
          recognise(lines.join('\n'), context(file.path));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('has one sniff for each format', () => {
    assert.deepEqual(
      [...sniffers].map((sniff) => sniff.name).sort(),
      formats.map((format) => format.sniff.name).sort(),
    );
  });

  it('can be sniffed without the parsers', async () => {
    const { metafile, outputFiles } = await build({
      entryPoints: ['src/core/job/sniff.ts'],
      bundle: true,
      minify: true,
      write: false,
      metafile: true,
      format: 'esm',
      platform: 'neutral',
      mainFields: ['module', 'main'],
    });
    const used = Object.values(metafile.outputs).flatMap((output) =>
      Object.entries(output.inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : [])),
    );
    assert.ok(!used.some((path) => path.includes('node_modules')), used.join(' '));
    assert.ok(outputFiles[0]!.contents.length < 12_000, `${outputFiles[0]!.contents.length} bytes`);
  });
});
