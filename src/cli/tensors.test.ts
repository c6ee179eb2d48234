import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ggufFile } from '../../test/gguf/ggufBytes';

interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function tensors(args: readonly string[], input = ''): Run {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(__dirname, 'main.js'), 'tensors', ...args],
    { input, encoding: 'utf8' },
  );
  return { status, stdout, stderr };
}

const small = {
  architectures: ['LlamaForCausalLM'],
  vocab_size: 10,
  hidden_size: 4,
  intermediate_size: 6,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  tie_word_embeddings: true,
};

let folder = '';

describe('rooflens tensors', function () {
  this.timeout(20_000);
  this.slow(2000);

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tensors-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('prints names, shapes, types and ties on one line of JSON', () => {
    const path = join(folder, 'config.json');
    writeFileSync(path, JSON.stringify(small));
    const { status, stdout } = tensors([path, '--json']);
    assert.equal(status, 0);
    assert.equal(stdout.indexOf('\n'), stdout.length - 1);
    const document = JSON.parse(stdout) as Record<string, unknown>;
    assert.equal(document['schema'], 1);
    assert.equal(document['architecture'], 'LlamaForCausalLM');
    assert.match(String(document['library']), /^transformers 5/);
    assert.equal(document['parameters'], 10 * 4 + 4 * 16 + 3 * 24 + 3 * 4);
    const list = document['tensors'] as readonly unknown[];
    assert.deepEqual(list[0], {
      name: 'model.embed_tokens.weight',
      shape: [10, 4],
      dtype: 'f32',
      tiedTo: null,
    });
    assert.deepEqual(list.at(-1), {
      name: 'lm_head.weight',
      shape: [10, 4],
      dtype: 'f32',
      tiedTo: 'model.embed_tokens.weight',
    });
  });

  it('prints the tensors of a GGUF file with their types, and refuses a broken one in a line', () => {
    const { header, size } = ggufFile(
      [
        (b) => b.string('general.architecture', 'llama'),
        (b) => b.uint('general.file_type', 15),
        (b) => b.uint('llama.block_count', 1),
        (b) => b.uint('llama.embedding_length', 256),
        (b) => b.uint('llama.attention.head_count', 4),
      ],
      [
        { name: 'token_embd.weight', dims: [256, 10], type: 'Q6_K' },
        { name: 'blk.0.attn_norm.weight', dims: [256], type: 'F32' },
        { name: 'blk.0.ffn_down.weight', dims: [512, 256], type: 'Q4_K' },
      ],
    );
    const path = join(folder, 'm.gguf');
    writeFileSync(path, Buffer.concat([header, Buffer.alloc(size - header.length)]));
    const { status, stdout } = tensors([path, '--json']);
    assert.equal(status, 0);
    const document = JSON.parse(stdout) as Record<string, unknown>;
    assert.equal(document['architecture'], 'llama');
    assert.equal(document['origin'], 'exact');
    assert.equal(document['parameters'], 256 * 10 + 256 + 512 * 256);
    assert.equal(document['weightBytes'], 10 * 210 + 256 * 4 + 2 * 256 * 144);
    assert.deepEqual(document['tensors'], [
      { name: 'token_embd.weight', shape: [10, 256], dtype: 'Q6_K', tiedTo: null },
      { name: 'blk.0.attn_norm.weight', shape: [256], dtype: 'f32', tiedTo: null },
      { name: 'blk.0.ffn_down.weight', shape: [256, 512], dtype: 'Q4_K', tiedTo: null },
      { name: 'output.weight', shape: [10, 256], dtype: 'Q6_K', tiedTo: 'token_embd.weight' },
    ]);

    writeFileSync(path, header.subarray(0, 100));
    const broken = tensors([path]);
    assert.equal(broken.status, 2);
    assert.match(broken.stderr, /^rooflens: m\.gguf: [^\n]+\n$/);
  });

  it('prints what a checkpoint holds: no tied copies, experts apart', () => {
    const moe = {
      architectures: ['MixtralForCausalLM'],
      vocab_size: 10,
      hidden_size: 4,
      intermediate_size: 6,
      num_hidden_layers: 1,
      num_attention_heads: 2,
      num_key_value_heads: 1,
      num_local_experts: 3,
      num_experts_per_tok: 2,
    };
    const { stdout } = tensors(['--config', '-', '--names', 'checkpoint', '--json'], JSON.stringify(moe));
    const { tensors: list } = JSON.parse(stdout) as { tensors: readonly { name: string; shape: unknown }[] };
    assert.deepEqual(list.find(({ name }) => name.endsWith('experts.2.w1.weight'))?.shape, [6, 4]);
    assert.ok(!list.some(({ name }) => name.includes('gate_up_proj')));
  });

  it('prints what the quantisation makes of each tensor, and what it leaves or does not know', () => {
    const of = (
      quantization: unknown,
    ): { notes: string[]; weightOrigin: string; quantization: string; tensors: unknown[] } => {
      const config = { ...small, tie_word_embeddings: false, quantization_config: quantization };
      return JSON.parse(tensors(['--config', '-', '--json'], JSON.stringify(config)).stdout) as ReturnType<
        typeof of
      >;
    };
    const nf4 = of({ quant_method: 'bitsandbytes', load_in_4bit: true, bnb_4bit_quant_type: 'nf4' });
    assert.equal(nf4.quantization, 'bitsandbytes NF4');
    assert.deepEqual(nf4.tensors[1], {
      name: 'model.layers.0.self_attn.q_proj.weight',
      shape: [4, 4],
      dtype: 'bf16',
      tiedTo: null,
      stored: { format: 'NF4', bytes: 8 + 4 + 64 },
    });
    assert.deepEqual(nf4.tensors.at(-1), {
      name: 'lm_head.weight',
      shape: [10, 4],
      dtype: 'bf16',
      tiedTo: null,
    });
    const other = of({ quant_method: 'new', bits: 3 });
    assert.equal(other.weightOrigin, 'assumed');
    assert.match(
      other.notes.join(),
      /quantisation new is not known: weights counted at 3 bits plus a sixteenth/,
    );
  });

  it('prints a table for people', () => {
    const { status, stdout } = tensors(['--config', '-'], JSON.stringify(small));
    assert.equal(status, 0);
    assert.match(stdout, /^LlamaForCausalLM \(transformers [\d.]+\): 188 parameters/);
    assert.match(stdout, /lm_head\.weight +10 × 4 +f32, shared with model\.embed_tokens\.weight/);
  });

  it('answers lines in order, errors in their place, and ends with 2', () => {
    const bad = { ...small, hidden_size: -4 };
    const input = [JSON.stringify(small), 'oops', JSON.stringify(bad), JSON.stringify(small)].join('\n');
    for (const run of [
      tensors(['--config', '-', '--json'], input),
      ((): Run => {
        const path = join(folder, 'many.jsonl');
        writeFileSync(path, input);
        return tensors([path, '--json']);
      })(),
    ]) {
      assert.equal(run.status, 2);
      assert.equal(run.stderr, '');
      const [first, second, third, fourth] = run.stdout
        .trimEnd()
        .split('\n')
        .map(
          (line) => JSON.parse(line) as { parameters?: number; error?: { message: string; line: number } },
        );
      assert.equal(first?.parameters, 188);
      assert.equal(second?.error?.line, 2);
      assert.match(third?.error?.message ?? '', /hidden_size is -4, expected a positive integer/);
      assert.equal(third?.error?.line, 3);
      assert.equal(fourth?.parameters, 188);
    }
  });

  it('says in one line what is wrong, and ends with 2', () => {
    const cases: readonly (readonly [args: readonly string[], input: string, message: RegExp])[] = [
      [['--config', '-'], '{"architectures":["FooModel"]}', /unknown architecture: class "FooModel"/],
      [['--config', '-'], '{"architectures"', /line 1 is not JSON/],
      [['--config', '-'], '', /the input is empty/],
      [[join(folder, 'nowhere.json')], '', /nowhere\.json cannot be read: there is no such file/],
      [[join(folder, 'nowhere.jsonl')], '', /nowhere\.jsonl cannot be read: there is no such file/],
      [[], '', /takes one FILE/],
      [['--names', 'short', 'x'], '', /short/],
    ];
    for (const [args, input, message] of cases) {
      const { status, stdout, stderr } = tensors(args, input);
      assert.equal(status, 2, args.join(' '));
      assert.equal(stdout, '');
      assert.match(stderr, message);
      assert.equal(stderr.trimEnd().split('\n').length, 1, stderr);
    }
  });

  it('takes the real bytes of weights that lie beside the config', () => {
    writeFileSync(join(folder, 'config.json'), JSON.stringify(small));
    const { tensors: list } = JSON.parse(
      tensors([join(folder, 'config.json'), '--names', 'checkpoint', '--json']).stdout,
    ) as { tensors: readonly { name: string; shape: readonly number[] }[] };
    const entries: Record<string, unknown> = {};
    let offset = 0;
    for (const { name, shape } of list) {
      const bytes = 2 * shape.reduce((product, size) => product * size, 1);
      entries[name] = { dtype: 'BF16', shape, data_offsets: [offset, offset + bytes] };
      offset += bytes;
    }
    const header = Buffer.from(JSON.stringify(entries));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(header.length));
    writeFileSync(join(folder, 'model.safetensors'), Buffer.concat([length, header, Buffer.alloc(offset)]));
    for (const path of [folder, join(folder, 'config.json'), join(folder, 'model.safetensors')]) {
      const document = JSON.parse(tensors([path, '--json']).stdout) as {
        weightBytes: number;
        notes: string[];
      };
      assert.equal(document.weightBytes, 2 * 188);
      assert.match(document.notes.join(), /weights as model\.safetensors holds them/);
    }
    rmSync(join(folder, 'config.json'));
    const alone = JSON.parse(tensors([join(folder, 'model.safetensors'), '--json']).stdout) as {
      parameters: number;
    };
    assert.equal(alone.parameters, 188);
  });
});
