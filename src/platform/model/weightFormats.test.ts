import assert from 'node:assert/strict';
import {
  copyFileSync,
  mkdtempSync,
  openSync,
  ftruncateSync,
  closeSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import * as fc from 'fast-check';
import { firstRead } from '../../../test/support/firstRead';
import { safetensorsBytes } from '../../../test/support/safetensorsBytes';
import { readWeightFile, weightFormatOf, weightsInFolder } from './weightFormats';
import type { WeightContents } from './weightFormat';

let folder = '';
const inFolder = (name: string): string => join(folder, name);

async function contents(path: string): Promise<WeightContents> {
  const read = await readWeightFile(path);
  assert.ok(read !== null);
  return read.contents;
}

async function reason(name: string, bytes: string | Uint8Array): Promise<string> {
  writeFileSync(inFolder(name), bytes);
  const read = await contents(inFolder(name));
  const said =
    read.kind === 'unreadable'
      ? read.reason
      : read.kind === 'model' && !read.outcome.ok
        ? read.outcome.reason
        : null;
  assert.ok(said !== null, JSON.stringify(read));
  assert.ok(said.startsWith(`${name}: `), said);
  assert.ok(!said.includes('\n'));
  return said.slice(name.length + 2);
}

describe('files of weights', () => {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'weights-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('are told by their names', () => {
    for (const [name, format] of [
      ['model.safetensors', 'safetensors'],
      ['model.safetensors.index.json', 'safetensors index'],
      ['pytorch_model.bin.index.json', 'PyTorch index'],
      ['pytorch_model.bin', 'PyTorch file'],
      ['consolidated.00.pth', 'PyTorch file'],
      ['model.onnx', 'ONNX'],
      ['m.keras', 'Keras'],
      ['m.Q4_K_M.gguf', 'GGUF'],
      ['config.json', undefined],
      ['tokenizer.model', undefined],
    ] as const)
      assert.equal(weightFormatOf(name)?.name, format, name);
  });

  it('stand for a folder in one order', async () => {
    const put = (name: string): void => writeFileSync(inFolder(name), '');
    assert.equal(await weightsInFolder(folder), null);
    for (const name of [
      'm.gguf',
      'model.onnx',
      'pytorch_model.bin',
      'pytorch_model.bin.index.json',
      'model.safetensors',
    ]) {
      put(name);
      assert.equal(await weightsInFolder(folder), inFolder(name));
    }
    assert.equal(await weightsInFolder(inFolder('nowhere')), null);
  });

  it('leave a folder with several types of a GGUF model open', async () => {
    for (const name of ['m.Q4_K_M.gguf', 'mmproj-m.gguf']) writeFileSync(inFolder(name), '');
    assert.equal(await weightsInFolder(folder), inFolder('m.Q4_K_M.gguf'));
    writeFileSync(inFolder('m.Q8_0.gguf'), '');
    assert.equal(await weightsInFolder(folder), null);
  });

  it('read an index of pickles without the pickles', async () => {
    const index = { metadata: { total_size: 1234 }, weight_map: { a: 'x-1.bin', b: 'x-2.bin' } };
    writeFileSync(inFolder('pytorch_model.bin.index.json'), JSON.stringify(index));
    assert.deepEqual(await contents(inFolder('pytorch_model.bin.index.json')), {
      kind: 'sizes',
      sizes: { source: 'pytorch_model.bin.index.json', totalBytes: 1234, names: ['a', 'b'] },
    });
  });

  it('add up the storages of what PyTorch saved, tied ones once', async () => {
    copyFileSync('test/fixtures/torch/small.pth', inFolder('pytorch_model.bin'));
    assert.deepEqual(await contents(inFolder('pytorch_model.bin')), {
      kind: 'sizes',
      sizes: { source: 'pytorch_model.bin', totalBytes: 4 * 40 + 2 * 7, names: null },
    });
    for (const part of ['consolidated.00.pth', 'consolidated.01.pth'])
      copyFileSync('test/fixtures/torch/small.pth', inFolder(part));
    const several = await contents(inFolder('consolidated.00.pth'));
    assert.ok(several.kind === 'sizes');
    assert.equal(several.sizes.totalBytes, 2 * 174);
    // Before PyTorch 1.6 a file was a bare stream, of which the size is all that is known.
    writeFileSync(inFolder('old.pt'), Uint8Array.of(0x80, 2, 0x8a, 10, 0, 0));
    const old = await contents(inFolder('old.pt'));
    assert.ok(old.kind === 'sizes' && old.sizes.totalBytes === 6);
  });

  it('look at data outside an ONNX file for its size', async () => {
    copyFileSync('test/fixtures/onnx/external.onnx', inFolder('m.onnx'));
    const without = await contents(inFolder('m.onnx'));
    assert.ok(without.kind === 'tensors' && !without.header.complete);
    assert.deepEqual(without.header.notes, ['its data "external.onnx.data" is not there']);
    copyFileSync('test/fixtures/onnx/external.onnx.data', inFolder('external.onnx.data'));
    const whole = await contents(inFolder('m.onnx'));
    assert.ok(whole.kind === 'tensors' && whole.header.complete && whole.library === 'onnx');
    assert.equal(whole.header.totalBytes, 4016);
    writeFileSync(inFolder('external.onnx.data'), 'short');
    const short = await contents(inFolder('m.onnx'));
    assert.ok(short.kind === 'tensors');
    assert.deepEqual(short.header.notes, ['its data "external.onnx.data" ends 3995 bytes early']);
  });

  it('read the config within a Keras file', async () => {
    const read = await contents('test/fixtures/keras/small.keras');
    assert.ok(read.kind === 'model' && read.outcome.ok);
    const { tensors, assumptions } = read.outcome.blueprint;
    assert.deepEqual(
      tensors.map(({ name, shape }) => [name, shape]),
      [
        ['one/kernel', [6, 4]],
        ['one/bias', [4]],
        ['two/kernel', [4, 2]],
        ['two/bias', [2]],
      ],
    );
    assert.match(assumptions.join(), /model\.weights\.h5 takes \d+ bytes/);
  });

  it('refuse hostile files with one sentence each', async () => {
    const index = 'pytorch_model.bin.index.json';
    const shards = 'model.safetensors.index.json';
    const deep = '['.repeat(10_000) + ']'.repeat(10_000);
    for (const name of [index, shards]) {
      assert.match(await reason(name, deep), /no weight_map/);
      assert.match(await reason(name, '{"a":'.repeat(10_000)), /not JSON/);
      assert.match(
        await reason(name, '{"weight_map":{"a":"../../etc/passwd"}}'),
        /expected the name of a weight file/,
      );
      assert.match(await reason(name, '{"weight_map":{"a":3}}'), /expected the name of a weight file/);
      assert.match(await reason(name, '{"weight_map":[]}'), /no weight_map/);
      assert.match(await reason(name, '{"weight_map":{"a":"x.bi'), /not JSON/);
      assert.match(await reason(name, ''), /not JSON/);
    }
    assert.match(
      await reason(index, '{"metadata":{"total_size":-1},"weight_map":{"a":"x.bin"}}'),
      /no metadata\.total_size/,
    );
    assert.match(
      await reason(index, '{"metadata":{"total_size":1e60},"weight_map":{"a":"x.bin"}}'),
      /no metadata\.total_size/,
    );
    assert.match(await reason(shards, '{"weight_map":{"a":"x.safetensors"}}'), /none of its files is there/);
    const twice = '{"metadata":{"total_size":8},"weight_map":{"a":"x.bin","a":"y.bin"}}';
    for (const name of [index, shards]) assert.match(await reason(name, twice), /names a tensor twice/);
    const archive = readFileSync('test/fixtures/torch/small.pth');
    assert.match(await reason('a.pt', archive.subarray(0, archive.length - 30)), /no zip archive/);
    assert.match(await reason('a.pt', 'hello'), /no file that PyTorch saved/);
    assert.match(await reason('a.pt', ''), /no file that PyTorch saved/);
    const saved = readFileSync('test/fixtures/keras/small.keras');
    assert.match(await reason('a.keras', saved.subarray(0, 200)), /no zip archive/);
    assert.match(await reason('a.keras', archive), /without a config\.json/);
    assert.match(await reason('a.keras', ''), /no zip archive/);
    const entries = Uint8Array.from(saved);
    // The number of entries in the archive's end record.
    entries.set([0xff, 0xff], entries.length - 12);
    assert.ok((await reason('a.keras', entries)).length > 0);
    const sparse = inFolder('large.safetensors.index.json');
    const file = openSync(sparse, 'w');
    ftruncateSync(file, 10e9);
    closeSync(file);
    const large = await contents(sparse);
    assert.ok(large.kind === 'unreadable' && /at most 32000000 are read/u.test(large.reason));
  });

  it('answer any change of a good archive', async () => {
    for (const [name, good] of [
      ['a.keras', readFileSync('test/fixtures/keras/small.keras')],
      ['a.pt', readFileSync('test/fixtures/torch/small.pth')],
    ] as const)
      await fc.assert(
        fc.asyncProperty(fc.nat(700), fc.nat(255), fc.boolean(), async (at, value, cut) => {
          // What can be wrong stands in the directory at the end.
          const place = Math.max(0, good.length - 1 - at);
          const bytes = Uint8Array.from(cut ? good.subarray(0, place + 1) : good);
          bytes[place] = value;
          writeFileSync(inFolder(name), bytes);
          const read = await contents(inFolder(name));
          if (read.kind === 'unreadable') assert.ok(!read.reason.includes('\n'));
        }),
        { numRuns: 150 },
      );
  });

  it('read ONNX files of 100 GB and 20,000 nodes in 0.2 s and 50 MB, the first that a process reads', function () {
    this.timeout(30_000);
    this.slow(5_000);
    const text = (writer: BinaryWriter, field: number, value: string): BinaryWriter =>
      writer.tag(field, WireType.LengthDelimited).string(value);
    const graph = new BinaryWriter();
    for (let index = 0; index < 20_000; index++) {
      graph.tag(1, WireType.LengthDelimited).fork();
      for (const field of [1, 2, 3]) text(graph, field, `/model/layers.${index}/self_attn/value_${field}`);
      text(graph, 4, 'MatMul').join();
    }
    let offset = 0;
    for (let index = 0; index < 1500; index++) {
      const bytes = 2 * 8192 * 4096;
      graph.tag(5, WireType.LengthDelimited).fork();
      for (const size of [8192, 4096]) graph.tag(1, WireType.Varint).uint64(size);
      graph.tag(2, WireType.Varint).int32(10);
      text(graph, 8, `model.layers.${index}.weight`);
      for (const [key, value] of [
        ['location', 'm.onnx.data'],
        ['offset', String(offset)],
        ['length', String(bytes)],
      ] as const) {
        graph.tag(13, WireType.LengthDelimited).fork();
        text(text(graph, 1, key), 2, value).join();
      }
      graph.tag(14, WireType.Varint).int32(1).join();
      offset += bytes;
    }
    const model = new BinaryWriter().tag(1, WireType.Varint).int32(10);
    writeFileSync(inFolder('m.onnx'), model.tag(7, WireType.LengthDelimited).bytes(graph.finish()).finish());
    const file = openSync(inFolder('m.onnx.data'), 'w');
    ftruncateSync(file, offset);
    closeSync(file);
    assert.ok(offset > 100e9);
    const read = firstRead('src/platform/model/onnxFile', 'readOnnxFile', inFolder('m.onnx'));
    assert.ok(read.milliseconds <= 200, `${read.milliseconds} ms`);
    assert.ok(read.residentBytes <= 50e6, `${read.residentBytes} bytes`);
  });

  it('read the headers of 24 shards in 50 ms and 50 MB, the first that a process reads', function () {
    this.timeout(30_000);
    this.slow(5_000);
    const map: Record<string, string> = {};
    for (let shard = 0; shard < 24; shard++) {
      const file = `model-${shard}.safetensors`;
      const names = Array.from({ length: 40 }, (_, index) => `model.layers.${shard}.part.${index}.weight`);
      for (const name of names) map[name] = file;
      const bytes = safetensorsBytes(names.map((name) => [name, 'U8', [8]]));
      // The same header over sizes of a real model, without their data.
      const header = bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE(0))).toString();
      const wide = header
        .replaceAll('[8]', '[8000,16384]')
        .replace(
          /\[(\d+),(\d+)\]\}/gu,
          (_, begin: string, end: string) => `[${Number(begin) * 16_384_000},${Number(end) * 16_384_000}]}`,
        );
      const length = Buffer.alloc(8);
      length.writeBigUInt64LE(BigInt(wide.length));
      const path = openSync(inFolder(file), 'w');
      writeFileSync(path, Buffer.concat([length, Buffer.from(wide)]));
      ftruncateSync(path, 8 + wide.length + 40 * 131_072_000);
      closeSync(path);
    }
    const index = inFolder('model.safetensors.index.json');
    writeFileSync(
      index,
      JSON.stringify({ metadata: { total_size: 24 * 40 * 131_072_000 }, weight_map: map }),
    );
    const read = firstRead('src/platform/model/weightFormats', 'readWeightFile', index);
    assert.ok(read.milliseconds <= 50, `${read.milliseconds} ms`);
    assert.ok(read.residentBytes <= 50e6, `${read.residentBytes} bytes`);
  });
});
