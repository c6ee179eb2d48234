import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type GgufBytes, ggufFile } from '../../test/gguf/ggufBytes';
import { CliFailure } from './failure';
import { ggufJob } from './ggufJob';

describe('ggufJob', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'gguf-job-'));
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

  it('runs the file in llama.cpp, no longer than the model was made for', async () => {
    const path = write('short.gguf', 2048);
    assert.deepEqual(JSON.parse(await ggufJob(path, 8192)), {
      schema: 1,
      engine: 'llama.cpp',
      model: { path },
      inference: { contextLength: 2048 },
    });
    for (const long of [write('long.gguf', 131_072), write('unsaid.gguf', null)])
      assert.match(await ggufJob(long, 8192), /"contextLength":8192/);
  });

  it('fails with a sentence for a file that is no model', async () => {
    const path = join(folder, 'text.gguf');
    writeFileSync(path, 'hello');
    await assert.rejects(ggufJob(path, 1), (error) => {
      assert.ok(error instanceof CliFailure);
      assert.equal(error.message, 'text.gguf: is no GGUF file: it does not begin with the letters GGUF');
      return true;
    });
  });
});
