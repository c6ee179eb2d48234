import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { ByteSource } from './byteSource';
import { readOnnx, type OnnxContents } from './onnx';

const folder = 'test/fixtures/onnx';
const recorded = JSON.parse(readFileSync(`${folder}/answers.json`, 'utf8')) as {
  readonly library: string;
  readonly files: Readonly<
    Record<
      string,
      readonly (readonly [name: string, shape: readonly number[], type: string, bytes: number])[]
    >
  >;
};

/** A file in memory; `pieces` delivers no more than so many bytes at once. */
function source(bytes: Uint8Array, size = bytes.length, pieces = Infinity): ByteSource {
  return {
    size,
    read: (offset, target) => {
      const part = bytes.subarray(offset, offset + Math.min(target.length, pieces));
      target.set(part);
      return Promise.resolve(part.length);
    },
  };
}

async function contents(bytes: Uint8Array, size?: number): Promise<OnnxContents> {
  const outcome = await readOnnx(source(bytes, size));
  assert.ok(outcome.ok, outcome.ok ? '' : outcome.reason);
  return outcome.contents;
}

async function reason(bytes: Uint8Array, size?: number): Promise<string> {
  const outcome = await readOnnx(source(bytes, size));
  assert.ok(!outcome.ok);
  assert.ok(!outcome.reason.includes('\n'));
  return outcome.reason;
}

type MessageField = readonly [number: number, value: Uint8Array | string | number | bigint];

/** A message of fields: bytes are length-delimited, numbers varints. */
function message(...fields: readonly MessageField[]): Uint8Array {
  const writer = new BinaryWriter();
  for (const [number, value] of fields)
    if (typeof value === 'number' || typeof value === 'bigint')
      writer.tag(number, WireType.Varint).uint64(value);
    else if (typeof value === 'string') writer.tag(number, WireType.LengthDelimited).string(value);
    else writer.tag(number, WireType.LengthDelimited).bytes(value);
  return writer.finish();
}

/** Tag and length of a field whose data is not there. */
function claim(number: number, length: bigint): Uint8Array {
  return new BinaryWriter().tag(number, WireType.LengthDelimited).uint64(length).finish();
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}

const byName = (one: readonly unknown[], other: readonly unknown[]): number =>
  String(one[0]) < String(other[0]) ? -1 : 1;

const floats = (name: string, count: number): Uint8Array =>
  message([1, count], [2, 1], [8, name], [9, new Uint8Array(4 * count)]);

describe('readOnnx', () => {
  for (const [name, tensors] of Object.entries(recorded.files))
    it(`reads the tensors that ${recorded.library} reads: ${name}`, async () => {
      const bytes = readFileSync(`${folder}/${name}.onnx`);
      const found = await contents(bytes);
      assert.deepEqual(
        found.tensors.map((tensor) => [tensor.name, tensor.shape, tensor.bytes]).sort(byName),
        tensors.map(([own, shape, , size]) => [own, shape, size]).sort(byName),
      );
      assert.equal(found.producer, 'rooflens test 1');
      assert.equal(found.empty, 0);
      const pieces = await readOnnx(source(bytes, bytes.length, 7));
      assert.deepEqual(pieces, { ok: true, contents: found });
    });

  it('knows where data outside the file ends', async () => {
    const { external } = await contents(readFileSync(`${folder}/external.onnx`));
    assert.deepEqual([...external], [['external.onnx.data', 4000]]);
  });

  it('counts tensors without data', async () => {
    const { empty, tensors } = await contents(
      message([7, message([5, message([1, 10], [2, 10], [8, 'taken out'])])]),
    );
    assert.equal(empty, 1);
    assert.equal(tensors[0]?.bytes, 20);
  });

  it('jumps over the data', async () => {
    const tensor = join(message([1, 2 ** 30], [2, 10], [8, 'huge']), claim(9, 2n ** 31n));
    const size = 2 ** 31 + tensor.length;
    const graph = join(claim(5, BigInt(size)), tensor);
    const start = join(claim(7, BigInt(graph.length + 2 ** 31)), graph);
    let fetched = 0;
    const sparse: ByteSource = {
      size: start.length + 2 ** 31,
      read: (offset, target) => {
        fetched += target.length;
        target.set(start.subarray(offset, offset + target.length));
        return Promise.resolve(target.length);
      },
    };
    const outcome = await readOnnx(sparse);
    assert.ok(outcome.ok, outcome.ok ? '' : outcome.reason);
    assert.deepEqual(outcome.contents.tensors, [
      { name: 'huge', shape: [2 ** 30], dtype: 'f16', bytes: 2 ** 31 },
    ]);
    assert.ok(fetched < 100_000, `${fetched} bytes`);
  });

  it('refuses what cannot be right, each with a sentence of its own', async () => {
    const tensor = (...fields: readonly MessageField[]): Uint8Array =>
      message([7, message([5, message(...fields)])]);
    const cases: readonly (readonly [bytes: Uint8Array, sentence: RegExp])[] = [
      [new Uint8Array(0), /^is no ONNX model: it is empty$/],
      [message([1, 8]), /^is no ONNX model: it holds no graph$/],
      [
        Buffer.from('version https://git-lfs.github.com/spec/v1\n'),
        /^(is no protobuf message|says|has a group)/,
      ],
      [claim(7, 2n ** 63n), /^says 9223372036854775808 bytes at byte 0, more than the 0 that are left$/],
      [message([7, claim(5, 1000n)]), /^says 1000 bytes at byte \d+, more than the 0 that are left$/],
      [message([7, claim(1, 2n ** 60n)]), /^says 1152921504606846976 bytes/],
      [tensor([1, 2n ** 60n], [2, 1], [8, 'w']), /^tensor "w" has impossible sizes$/],
      [tensor([1, 2n ** 63n], [2, 1], [8, 'w']), /^tensor "w" has impossible sizes$/],
      [
        tensor([1, 3], [2, 1], [8, 'w'], [9, new Uint8Array(8)]),
        /^tensor "w" takes 8 bytes, its shape and type ask for 12$/,
      ],
      [tensor([1, 3], [2, 99], [8, 'w']), /^tensor "w" has data type 99, which ONNX does not define$/],
      [
        tensor([1, 3], [2, 1], [8, 'w'.repeat(5000)]),
        /^has a text of 5000 bytes at byte \d+, at most 4096 are read$/,
      ],
      [tensor(...Array.from({ length: 20 }, () => [1, 1] as const), [2, 1]), /has impossible sizes$/],
      [message([7, message([5, floats('w', 2)], [5, floats('w', 2)])]), /^has the tensor "w" twice$/],
      [
        tensor(
          [1, 3],
          [2, 1],
          [8, 'w'],
          [13, message([1, 'location'], [2, 'f'])],
          [13, message([1, 'length'], [2, '7'])],
        ),
        /^tensor "w" takes 7 bytes, its shape and type ask for 12$/,
      ],
      [
        tensor([13, message([1, 'offset'], [2, '-1'])]),
        /^says offset "-1" of external data, expected a number of bytes$/,
      ],
    ];
    for (const [bytes, sentence] of cases) assert.match(await reason(bytes), sentence);
    assert.match(await reason(message([7, message([5, floats('w', 100)])]), 1000), /cut off/);
  });

  it('refuses graphs 10,000 deep', async () => {
    const inner = message([5, floats('w', 200)]);
    // From the inside out: what stands before a graph within a node of the next one.
    const before: Uint8Array[] = [];
    let length = inner.length;
    for (let depth = 0; depth < 10_000; depth++) {
      const attribute = join(message([1, 'g']), claim(6, BigInt(length)));
      const node = join(message([2, 'y'], [3, 'n']), claim(5, BigInt(attribute.length + length)), attribute);
      before.push(join(claim(1, BigInt(node.length + length)), node));
      length += before.at(-1)?.length ?? 0;
    }
    const model = join(claim(7, BigInt(length)), ...before.reverse(), inner);
    assert.match(await reason(model), /^nests graphs deeper than 16$/);
  });

  it('answers any bytes, and any change of a good file', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        const outcome = await readOnnx(source(bytes));
        if (!outcome.ok) assert.ok(!outcome.reason.includes('\n'));
      }),
      { numRuns: 500 },
    );
    const good = readFileSync(`${folder}/nested.onnx`);
    await fc.assert(
      fc.asyncProperty(
        fc.nat(good.length - 1),
        fc.nat(255),
        fc.nat(good.length),
        async (at, value, length) => {
          const bytes = Uint8Array.from(good.subarray(0, Math.max(at + 1, length)));
          bytes[at] = value;
          const outcome = await readOnnx(source(bytes));
          if (!outcome.ok) assert.ok(!outcome.reason.includes('\n'));
        },
      ),
      { numRuns: 1000 },
    );
  });
});
