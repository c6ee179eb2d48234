import assert from 'node:assert/strict';
import { mkdtempSync, openSync, rmSync, writeFileSync, writeSync, ftruncateSync, closeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSafetensorsHeader, readWeightsHeader } from './safetensorsFile';

let folder = '';

/** A file of the format: header, and that many bytes of data that take no room on disk. */
function safetensors(
  name: string,
  header: string,
  dataBytes: number,
  claimed = BigInt(header.length),
): string {
  const path = join(folder, name);
  const file = openSync(path, 'w');
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(claimed);
  writeSync(file, length);
  writeSync(file, header);
  ftruncateSync(file, 8 + header.length + dataBytes);
  closeSync(file);
  return path;
}

async function reason(path: string): Promise<string> {
  const outcome = await readSafetensorsHeader(path);
  assert.ok(!outcome.ok);
  assert.ok(!outcome.reason.includes('\n'));
  return outcome.reason;
}

describe('safetensors files', () => {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'safetensors-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('reads the header of 120 GB in at most 50 ms and 50 MB', async function () {
    this.slow(200);
    const entries: Record<string, unknown> = {};
    let offset = 0;
    for (let layer = 0; layer < 1200; layer++) {
      const bytes = 2 * 5000 * 10_000;
      entries[`model.layers.${layer}.mlp.down_proj.weight`] = {
        dtype: 'BF16',
        shape: [5000, 10_000],
        data_offsets: [offset, offset + bytes],
      };
      offset += bytes;
    }
    const path = safetensors('model.safetensors', JSON.stringify(entries), offset);
    await readSafetensorsHeader(path);
    const memory = process.memoryUsage().rss;
    const started = performance.now();
    const outcome = await readSafetensorsHeader(path);
    const milliseconds = performance.now() - started;
    assert.ok(outcome.ok, outcome.ok ? '' : outcome.reason);
    assert.equal(outcome.header.totalBytes, 120_000_000_000);
    assert.ok(milliseconds <= 50, `${milliseconds} ms`);
    assert.ok(process.memoryUsage().rss - memory < 50e6);
  });

  it('refuses hostile files with one sentence each', async () => {
    assert.match(
      await reason(safetensors('long', '{}', 0, 2n ** 63n)),
      /claims 9223372036854775808 bytes, the file has 10/,
    );
    assert.match(
      await reason(safetensors('huge', '{}', 40_000_000, 39_999_999n)),
      /at most 32000000 are read/,
    );
    assert.match(await reason(safetensors('deep', '['.repeat(10_000), 0)), /not JSON/);
    assert.match(
      await reason(safetensors('short', '{"w":{"dtype":"F16","shape":[4],"data_offsets":[0,8]}}', 3)),
      /describes 8 bytes/,
    );
    const empty = join(folder, 'empty');
    writeFileSync(empty, '');
    assert.match(await reason(empty), /0 bytes, too few/);
  });

  it('joins the shards of an index', async () => {
    const entry = (name: string): string =>
      JSON.stringify({ [name]: { dtype: 'F32', shape: [2], data_offsets: [0, 8] } });
    safetensors('model-1.safetensors', entry('a'), 8);
    safetensors('model-2.safetensors', entry('b'), 8);
    const index = {
      metadata: { total_size: 16 },
      weight_map: { a: 'model-1.safetensors', b: 'model-2.safetensors' },
    };
    writeFileSync(join(folder, 'model.safetensors.index.json'), JSON.stringify(index));
    const read = await readWeightsHeader(folder);
    assert.ok(read?.outcome.ok);
    assert.deepEqual(
      read.outcome.header.tensors.map(({ name }) => name),
      ['a', 'b'],
    );
    assert.equal(read.outcome.header.complete, true);

    rmSync(join(folder, 'model-2.safetensors'));
    const partial = await readWeightsHeader(folder);
    assert.ok(partial?.outcome.ok);
    assert.equal(partial.outcome.header.complete, false);
    assert.equal(partial.outcome.header.totalBytes, 16);
  });

  it('gives null for a folder without weights', async () => {
    assert.equal(await readWeightsHeader(folder), null);
  });
});
