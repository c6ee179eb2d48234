import assert from 'node:assert/strict';
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GgufBytes, ggufFile, valueTypes, type TensorToWrite } from '../../../test/gguf/ggufBytes';
import { firstRead } from '../../../test/support/firstRead';
import { readGgufFile, readGgufModel } from './ggufFile';

describe('readGgufFile', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rooflens-gguf-'));
  });
  after(async () => {
    await rm(folder, { recursive: true });
  });

  /** Writes a header and makes the file as long as its tensors need, without taking the disk's space. */
  async function sparse(name: string, header: Uint8Array, size: number): Promise<string> {
    const path = join(folder, name);
    await using handle = await open(path, 'w');
    await handle.write(header);
    await handle.truncate(size);
    return path;
  }

  /** A header like those of the largest models: 262,144 tokens, 514,906 merges, 1,401 tensors, over 200 GB of data. */
  function large(): { header: Uint8Array; size: number } {
    const tokens = Array.from({ length: 262_144 }, (_, index) => `token${index}`);
    const merges = Array.from({ length: 514_906 }, (_, index) => `mer ge${index}`);
    const tensors: TensorToWrite[] = [{ name: 'token_embd.weight', dims: [8192, 262_144], type: 'Q4_K' }];
    for (let layer = 0; layer < 100; layer++)
      for (const part of ['attn_q', 'attn_k', 'attn_v', 'attn_output', 'ffn_gate', 'ffn_up', 'ffn_down'])
        for (const half of ['a', 'b'])
          tensors.push({ name: `blk.${layer}.${part}.${half}.weight`, dims: [8192, 24_576], type: 'Q6_K' });
    return ggufFile(
      [
        (b) => b.string('general.architecture', 'llama'),
        (b) => b.strings('tokenizer.ggml.tokens', tokens),
        (b) =>
          b
            .text('tokenizer.ggml.scores')
            .u32(valueTypes.array)
            .u32(valueTypes.float32)
            .count(tokens.length)
            .raw(new Uint8Array(4 * tokens.length)),
        (b) => b.strings('tokenizer.ggml.merges', merges),
      ],
      tensors,
    );
  }

  it('reads the header of a file over 200 GB in 50 ms and 50 MB, the first that a process reads', async function () {
    this.timeout(30_000);
    this.slow(5_000);
    const { header, size } = large();
    assert.ok(size > 200e9, `${size} bytes`);
    const path = await sparse('large.gguf', header, size);
    const outcome = await readGgufFile(path);
    assert.ok(outcome.ok);
    assert.equal(outcome.fileBytes, size);
    assert.equal(outcome.contents.tensors.length, 1401);
    assert.equal(outcome.contents.missingBytes, 0);
    assert.deepEqual(outcome.contents.metadata.get('tokenizer.ggml.tokens'), {
      kind: 'array',
      length: 262_144,
      items: null,
    });
    const { milliseconds, residentBytes } = firstRead('src/platform/model/ggufFile', 'readGgufFile', path);
    assert.ok(milliseconds <= 50, `${milliseconds} ms`);
    assert.ok(residentBytes <= 50e6, `${residentBytes} bytes`);
  });

  it('adds up the parts of a split model, whichever part is named', async () => {
    const names = ['m-00001-of-00002.gguf', 'm-00002-of-00002.gguf'];
    let total = 0;
    for (const [index, name] of names.entries()) {
      const { header, size } = ggufFile(
        [
          (b) => b.text('split.no').u32(valueTypes.uint16).raw(Uint8Array.of(index, 0)),
          (b) => b.text('split.count').u32(valueTypes.uint16).raw(Uint8Array.of(2, 0)),
          (b) => b.uint('split.tensors.count', 2),
        ],
        [{ name: `t${index}`, dims: [256, 1000], type: 'Q8_0' }],
      );
      await sparse(name, header, size);
      total += size;
    }
    for (const name of names) {
      const outcome = await readGgufFile(join(folder, name));
      assert.ok(outcome.ok);
      assert.deepEqual(
        outcome.contents.tensors.map((tensor) => tensor.name),
        ['t0', 't1'],
      );
      assert.deepEqual(
        outcome.files,
        names.map((part) => join(folder, part)),
      );
      assert.equal(outcome.fileBytes, total);
    }
  });

  it('names the part that is missing', async () => {
    await sparse('half-00001-of-00002.gguf', new GgufBytes().start(0, 0).bytes(), 100);
    assert.deepEqual(await readGgufFile(join(folder, 'half-00001-of-00002.gguf')), {
      ok: false,
      reason: 'half-00002-of-00002.gguf: does not exist',
    });
  });

  it('says in one sentence what is wrong with a file', async () => {
    await writeFile(join(folder, 'text.gguf'), 'version https://git-lfs.github.com/spec/v1\n');
    const reasons: string[] = [];
    for (const path of [join(folder, 'text.gguf'), folder, join(folder, 'none.gguf')]) {
      const outcome = await readGgufFile(path);
      assert.ok(!outcome.ok);
      reasons.push(outcome.reason.replace(/^rooflens-gguf-\w+/u, 'FOLDER'));
    }
    assert.deepEqual(reasons, [
      'text.gguf: is no GGUF file: it does not begin with the letters GGUF',
      'FOLDER: is no regular file',
      'none.gguf: does not exist',
    ]);
  });

  it('gives a Blueprint, or the sentence that says why there is none', async () => {
    const { header, size } = ggufFile(
      [
        (b) => b.string('general.architecture', 'llama'),
        (b) => b.uint('llama.block_count', 1),
        (b) => b.uint('llama.embedding_length', 256),
        (b) => b.uint('llama.attention.head_count', 4),
      ],
      [
        { name: 'token_embd.weight', dims: [256, 10], type: 'Q4_K' },
        { name: 'blk.0.attn_q.weight', dims: [256, 256], type: 'Q4_K' },
      ],
    );
    const path = await sparse('small.gguf', header, size);
    const { outcome, files } = await readGgufModel(path);
    assert.ok(outcome.ok);
    assert.deepEqual(files, [path]);
    assert.equal(outcome.blueprint.layers[0]?.attention?.keyDim, 64);

    const short = await readGgufModel(await sparse('short.gguf', header, size - 64));
    assert.ok(short.outcome.ok);
    assert.deepEqual(short.outcome.blueprint.assumptions, [
      'short.gguf ends 64 bytes early: the download is not complete',
    ]);

    const empty = await readGgufModel(await sparse('empty.gguf', new GgufBytes().start(0, 0).bytes(), 64));
    assert.deepEqual(empty.outcome, {
      ok: false,
      reason: 'empty.gguf: holds no tensors: a vocabulary alone is no model',
      problems: [],
    });
    const none = await readGgufModel(join(folder, 'none.gguf'));
    assert.ok(!none.outcome.ok && none.outcome.reason === 'none.gguf: does not exist');
  });
});
