import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type GgufBytes, ggufFile } from '../../test/gguf/ggufBytes';
import { safetensorsBytes } from '../../test/support/safetensorsBytes';
import { modelJob } from './modelJob';

describe('modelJob', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'weights-job-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  function write(name: string, contextLength: number | null): string {
    const { header, size } = ggufFile(
      [
        (b) => b.string('general.architecture', 'llama'),
        (b) => b.uint('llama.block_count', 1),
        (b) => b.uint('llama.embedding_length', 256),
        ...(contextLength === null ? [] : [(b: GgufBytes) => b.uint('llama.context_length', contextLength)]),
      ],
      [{ name: 'blk.0.attn_q.weight', dims: [256, 256], type: 'Q4_K' }],
    );
    const path = join(folder, name);
    writeFileSync(path, header);
    truncateSync(path, size);
    return path;
  }

  async function job(path: string): Promise<unknown> {
    const read = await modelJob(path, 8192);
    assert.ok(read.outcome === 'job', JSON.stringify(read));
    return JSON.parse(read.text);
  }

  it('runs a GGUF file in llama.cpp, no longer than the model was made for', async () => {
    const path = write('short.gguf', 2048);
    assert.deepEqual(await job(path), {
      schema: 1,
      engine: 'llama.cpp',
      model: { path },
      inference: { contextLength: 2048 },
    });
    for (const long of [write('long.gguf', 131_072), write('unsaid.gguf', null)])
      assert.match(JSON.stringify(await job(long)), /"contextLength":8192/);
  });

  it('runs a safetensors file with the config beside it, and calls it a fragment without', async () => {
    const path = join(folder, 'model.safetensors');
    writeFileSync(path, safetensorsBytes([['model.embed_tokens.weight', 'BF16', [10, 4]]]));
    const alone = await modelJob(path, 8192);
    assert.ok(alone.outcome === 'fragment');
    assert.match(alone.message, /^model\.safetensors holds 80 bytes of weights; .* config .* is not known$/);
    const config = {
      architectures: ['LlamaForCausalLM'],
      vocab_size: 10,
      hidden_size: 4,
      intermediate_size: 6,
      num_hidden_layers: 1,
      num_attention_heads: 2,
      tie_word_embeddings: true,
      max_position_embeddings: 512,
    };
    writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
    assert.deepEqual(await job(path), { schema: 1, model: { path }, inference: { contextLength: 512 } });
    rmSync(join(folder, 'config.json'));
  });

  it('says in a sentence what is wrong with a file', async () => {
    const path = join(folder, 'text.gguf');
    writeFileSync(path, 'hello');
    assert.deepEqual(await modelJob(path, 1), {
      outcome: 'unreadable',
      message: 'text.gguf: is no GGUF file: it does not begin with the letters GGUF',
    });
    const other = await modelJob(join(folder, 'notes.txt'), 1);
    assert.deepEqual(other, {
      outcome: 'unreadable',
      message: 'notes.txt: is no model that Rooflens reads',
    });
  });
});
