import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ggufFile } from '../../test/gguf/ggufBytes';
import { safetensorsBytes } from '../../test/support/safetensorsBytes';
import type { CheckReport } from './checkReports';

interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

let folder = '';

function rooflens(...args: readonly string[]): Run {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(__dirname, 'main.js'), ...args], {
    encoding: 'utf8',
    cwd: folder,
  });
  return { status, stdout, stderr };
}

function put(name: string, content: string | object | Uint8Array): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(
    path,
    typeof content === 'string' || content instanceof Uint8Array ? content : JSON.stringify(content),
  );
  return path;
}

const params = { dim: 64, multiple_of: 16, n_heads: 4, n_layers: 2, norm_eps: 1e-5, vocab_size: 100 };
const litgpt =
  'name: tiny\nn_layer: 2\nn_embd: 64\nn_head: 4\npadded_vocab_size: 100\nblock_size: 64\nbias: false\n';
const gpt2 = {
  architectures: ['GPT2LMHeadModel'],
  model_type: 'gpt2',
  n_embd: 8,
  n_head: 2,
  n_layer: 1,
  n_positions: 16,
  vocab_size: 10,
};

function gguf(metadata: readonly string[]): Uint8Array {
  const [architecture = 'llama', type] = metadata;
  const { header, size } = ggufFile(
    [
      (b) => b.string('general.architecture', architecture),
      ...(type === undefined
        ? []
        : [(b: Parameters<Parameters<typeof ggufFile>[0][number]>[0]) => b.string('general.type', type)]),
      (b) => b.uint('llama.block_count', 1),
      (b) => b.uint('llama.embedding_length', 256),
      (b) => b.uint('llama.attention.head_count', 4),
    ],
    [{ name: 'blk.0.attn_q.weight', dims: [256, 256], type: 'Q4_K' }],
  );
  return Buffer.concat([header, Buffer.alloc(size - header.length)]);
}

describe('model files on the command line', function () {
  this.timeout(60_000);
  this.slow(5000);

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'files-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('lists the tensors of every kind of file', () => {
    put('llama/params.json', params);
    put('lit/model_config.yaml', litgpt);
    put('onnx/model.onnx', '');
    copyFileSync(join(process.cwd(), 'test/fixtures/onnx/plain.onnx'), join(folder, 'onnx/model.onnx'));
    copyFileSync(join(process.cwd(), 'test/fixtures/keras/small.keras'), put('small.keras', ''));
    put('bin/config.json', gpt2);
    put('bin/pytorch_model.bin.index.json', {
      metadata: { total_size: 1 },
      weight_map: { 'wte.weight': 'a.bin' },
    });
    put('lora.gguf', gguf(['llama', 'adapter']));
    put('adapter/adapter_config.json', {
      peft_type: 'LORA',
      base_model_name_or_path: '../bin',
      target_modules: ['c_attn'],
      r: 2,
    });
    put('adapter/adapter_model.safetensors', safetensorsBytes([['x.lora_A.weight', 'F32', [2, 8]]]));
    for (const [path, library, name] of [
      ['llama', /transformers/, 'model.layers.1.mlp.up_proj.weight'],
      ['llama/params.json', /transformers/, 'lm_head.weight'],
      ['lit/model_config.yaml', /litgpt/, 'transformer.h.1.mlp.fc.weight'],
      ['onnx/model.onnx', /onnx/, 'layer.weight'],
      ['onnx', /onnx/, 'scale'],
      ['small.keras', /keras/, 'two/kernel'],
      ['bin/pytorch_model.bin.index.json', /transformers/, 'transformer.wte.weight'],
      ['lora.gguf', /llama\.cpp/, 'blk.0.attn_q.weight'],
      ['adapter/adapter_config.json', /transformers/, 'x.lora_A.weight'],
      ['adapter/adapter_model.safetensors', /transformers/, 'transformer.wte.weight'],
    ] as const) {
      const { status, stdout, stderr } = rooflens('tensors', path, '--json');
      assert.equal(status, 0, `${path}: ${stderr}`);
      const document = JSON.parse(stdout) as {
        library: string;
        tensors: readonly { name: string; shape: readonly number[] }[];
      };
      assert.match(document.library, library, path);
      assert.ok(
        document.tensors.some((tensor) => tensor.name === name),
        `${path}: ${stdout}`,
      );
    }
    const stored = rooflens('tensors', 'llama', '--names', 'checkpoint', '--json').stdout;
    assert.match(stored, /"layers\.1\.feed_forward\.w3\.weight","shape":\[176,64\]/);
  });

  it('says which real bytes won', () => {
    put('config.json', { ...gpt2, torch_dtype: 'float32' });
    const elements = 10 * 8 + 16 * 8 + (8 * 24 + 24 + 8 * 8 + 8 + 4 * 8) + (8 * 32 + 32 + 32 * 8 + 8) + 16;
    const index = { metadata: { total_size: 2 * elements }, weight_map: { 'wte.weight': 'a.bin' } };
    put('pytorch_model.bin.index.json', index);
    const read = (): { weightBytes: number; notes: readonly string[] } =>
      JSON.parse(rooflens('tensors', '.', '--json').stdout) as {
        weightBytes: number;
        notes: readonly string[];
      };
    const half = read();
    assert.equal(half.weightBytes, 2 * elements);
    assert.deepEqual(half.notes, [`weights as pytorch_model.bin.index.json says: ${2 * elements} bytes`]);
    put('pytorch_model.bin.index.json', { ...index, metadata: { total_size: 3 * elements } });
    const odd = read();
    assert.equal(odd.weightBytes, 3 * elements);
    assert.match(
      odd.notes.join(),
      new RegExp(`${3 * elements} bytes, where its config gives ${4 * elements}`, 'u'),
    );
  });

  it('takes the tensors of an export and what the layers keep of the config beside it', () => {
    put('config.json', gpt2);
    copyFileSync(join(process.cwd(), 'test/fixtures/onnx/plain.onnx'), put('model.onnx', ''));
    const { stdout } = rooflens('tensors', 'model.onnx', '--json');
    const document = JSON.parse(stdout) as {
      architecture: string;
      weightBytes: number;
      notes: readonly string[];
    };
    assert.equal(document.architecture, 'GPT2LMHeadModel');
    assert.equal(document.weightBytes, 96 + 16 + 4 + 16);
    assert.match(document.notes.join(), /weights as model\.onnx holds them, under names of its own/);
    const { status } = rooflens('estimate', 'model.onnx', '--target', 'rtx4090', '--json');
    assert.equal(status, 0);
  });

  it('checks what stands for a model, once', () => {
    put('a/config.json', gpt2);
    put('a/model.safetensors', safetensorsBytes([['wte.weight', 'F32', [10, 8]]]));
    put('b/model.safetensors', safetensorsBytes([['wte.weight', 'F32', [10, 8]]]));
    put('b/other.safetensors', safetensorsBytes([['wte.weight', 'F32', [10, 8]]]));
    put('c/m.gguf', gguf(['llama']));
    put('d/lora.gguf', gguf(['llama', 'adapter']));
    put('e/broken.gguf', 'GGUF');
    put('f/params.json', params);
    put('f/consolidated.00.pth', 'x');
    put('g/adapter_config.json', { peft_type: 'LORA', base_model_name_or_path: null });
    put('h/data.bin', 'x');
    const { stdout, status } = rooflens('check', '.', '--target', 'rtx4090', '--json');
    assert.equal(status, 0);
    const report = JSON.parse(stdout) as CheckReport;
    assert.deepEqual(
      report.findings.map(({ file, verdict, code }) => [file.slice(folder.length + 1), verdict, code]),
      [
        ['a/config.json', 'fits', null],
        ['b/model.safetensors', 'unknown', 'fragment'],
        ['c/m.gguf', 'fits', null],
        ['d/lora.gguf', 'unknown', 'fragment'],
        ['e/broken.gguf', 'unknown', 'unreadable-config'],
        ['f/params.json', 'fits', null],
        ['g/adapter_config.json', 'unknown', 'fragment'],
      ],
    );
    const named = JSON.parse(rooflens('check', 'h/data.bin', '--json').stdout) as CheckReport;
    assert.deepEqual(
      named.findings.map(({ code, message }) => [code, message]),
      [['unreadable-config', 'data.bin: is no file that PyTorch saved']],
    );
  });

  it('estimates a model by itself', () => {
    put('lit/model_config.yaml', litgpt);
    put('m.gguf', gguf(['llama']));
    put('lora.gguf', gguf(['llama', 'adapter']));
    for (const args of [['--model', 'lit'], ['lit/model_config.yaml'], ['m.gguf'], ['--model', 'm.gguf']]) {
      const { status, stdout, stderr } = rooflens('estimate', ...args, '--target', 'rtx4090', '--json');
      assert.equal(status, 0, stderr);
      const { results } = JSON.parse(stdout) as { results: readonly { verdict: string }[] };
      assert.equal(results[0]?.verdict, 'fits', args.join(' '));
    }
    const part = rooflens('estimate', 'lora.gguf');
    assert.equal(part.status, 2);
    assert.match(
      part.stderr,
      /^rooflens: lora\.gguf is an adapter; the model that it belongs to is another file\n$/,
    );
  });

  it('answers hostile texts with one line and no stack', () => {
    const deep = (open: string, close: string): string => open.repeat(10_000) + close.repeat(10_000);
    const cases: readonly (readonly [name: string, text: string, message: RegExp])[] = [
      ['params.json', deep('[', ']'), /params\.json is not a JSON object$/m],
      ['params.json', deep('{"dim":', '}'), /./],
      [
        'params.json',
        JSON.stringify({ ...params, dim: 2 ** 63 }),
        /dim is 9223372036854776000, expected at most/,
      ],
      [
        'params.json',
        JSON.stringify({ ...params, n_layers: 2 ** 60 }),
        /n_layers is \d+, expected at most 4096/,
      ],
      ['params.json', JSON.stringify(params).replace('{', '{"n_heads":5,').slice(0, 40), /./],
      [
        'params.json',
        JSON.stringify(params).replace('"n_heads":4', '"n_heads":4,"n_heads":5'),
        /n_heads is 5, expected a divisor of dim 64/,
      ],
      [
        'model_config.yaml',
        `${litgpt}n_expert: 1152921504606846976\nmlp_class_name: LLaMAMoE\n`,
        /n_expert is \d+, expected at most 65536/,
      ],
      [
        'model_config.yaml',
        litgpt.replace('n_embd: 64', 'n_embd: 9223372036854775808'),
        /n_embd is \d+, expected at most/,
      ],
      [
        'keras.json',
        `{"module":"keras","class_name":"Sequential","registered_name":"x","config":{"layers":[${deep('[', ']')}]}}`,
        /./,
      ],
      [
        'keras.json',
        '{"module":"keras","class_name":"Sequential","registered_name":"x","config":{"layers":[{"class_name":"Dense"',
        /./,
      ],
      [
        'adapter_config.json',
        JSON.stringify({ peft_type: 'LORA', base_model_name_or_path: 'x', r: 2 ** 63 }),
        /r is 9223372036854776000, expected at most 65536/,
      ],
      ['adapter_config.json', deep('{"peft_type":', '}'), /./],
    ];
    for (const [name, text, message] of cases) {
      const { status, stdout, stderr } = rooflens('tensors', put(name, text));
      assert.equal(status, 2, `${name} ${text.slice(0, 60)}: ${stdout.slice(0, 200)}`);
      assert.equal(stdout, '');
      assert.match(stderr, message);
      assert.equal(stderr.trimEnd().split('\n').length, 1, stderr);
      assert.doesNotMatch(stderr, /internal error|\bat .*:\d+:\d+/u);
      rmSync(join(folder, name));
    }
  });
});
