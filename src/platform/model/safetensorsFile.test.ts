import assert from 'node:assert/strict';
import { mkdtempSync, openSync, rmSync, writeFileSync, writeSync, ftruncateSync, closeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { firstRead } from '../../../test/support/firstRead';
import { readSafetensorsHeader, safetensorsIndex } from './safetensorsFile';
import { weightsInFolder } from './weightFormats';

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

  /** Layers of a model in one file, as the library lays them out. */
  function large(
    name: string,
    tensors: readonly (readonly [name: string, shape: readonly number[]])[],
  ): string {
    const entries: Record<string, unknown> = { __metadata__: { format: 'pt' } };
    let offset = 0;
    for (const [tensor, shape] of tensors) {
      const bytes = 2 * shape.reduce((product, size) => product * size, 1);
      entries[tensor] = { dtype: 'BF16', shape, data_offsets: [offset, offset + bytes] };
      offset += bytes;
    }
    return safetensors(name, JSON.stringify(entries), offset);
  }

  it('reads headers of 270 and 800 GB in 50 ms and 50 MB, the first that a process reads', async function () {
    this.timeout(30_000);
    this.slow(5_000);
    const layers = (
      count: number,
      parts: Readonly<Record<string, readonly number[]>>,
    ): [string, readonly number[]][] =>
      Array.from({ length: count }, (_, layer) =>
        Object.entries(parts).map(([part, shape]): [string, readonly number[]] => [
          `model.layers.${layer}.${part}.weight`,
          shape,
        ]),
      ).flat();
    const dense = layers(126, {
      'self_attn.q_proj': [16384, 16384],
      'self_attn.k_proj': [1024, 16384],
      'self_attn.v_proj': [1024, 16384],
      'self_attn.o_proj': [16384, 16384],
      'mlp.gate_proj': [53248, 16384],
      'mlp.up_proj': [53248, 16384],
      'mlp.down_proj': [16384, 53248],
      input_layernorm: [16384],
    });
    const experts = layers(
      56,
      Object.fromEntries(
        Array.from({ length: 24 }, (_, index) => [
          `block_sparse_moe.experts.${Math.floor(index / 3)}.w${(index % 3) + 1}`,
          [16384, 6144],
        ]),
      ),
    );
    for (const [name, tensors, least] of [
      ['dense.safetensors', dense, 800e9],
      ['experts.safetensors', experts, 270e9],
    ] as const) {
      const path = large(name, tensors);
      const outcome = await readSafetensorsHeader(path);
      assert.ok(outcome.ok, outcome.ok ? '' : outcome.reason);
      assert.equal(outcome.header.tensors.length, tensors.length);
      assert.ok(outcome.header.totalBytes > least, `${outcome.header.totalBytes} bytes`);
      const read = firstRead('src/platform/model/safetensorsFile', 'readSafetensorsHeader', path);
      assert.ok(read.milliseconds <= 50, `${name}: ${read.milliseconds} ms`);
      assert.ok(read.residentBytes <= 50e6, `${name}: ${read.residentBytes} bytes`);
    }
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
    const path = join(folder, 'model.safetensors.index.json');
    assert.equal(await weightsInFolder(folder), path);
    const { contents } = await safetensorsIndex.read(path);
    assert.ok(contents.kind === 'tensors');
    assert.deepEqual(
      contents.header.tensors.map(({ name }) => name),
      ['a', 'b'],
    );
    assert.equal(contents.header.complete, true);

    rmSync(join(folder, 'model-2.safetensors'));
    const partial = (await safetensorsIndex.read(path)).contents;
    assert.ok(partial.kind === 'tensors');
    assert.equal(partial.header.complete, false);
    assert.equal(partial.header.totalBytes, 16);

    rmSync(join(folder, 'model-1.safetensors'));
    const alone = (await safetensorsIndex.read(path)).contents;
    assert.deepEqual(alone, {
      kind: 'sizes',
      sizes: { source: 'model.safetensors.index.json', totalBytes: 16, names: ['a', 'b'] },
    });
  });

  it('gives null for a folder without weights', async () => {
    assert.equal(await weightsInFolder(folder), null);
  });
});
