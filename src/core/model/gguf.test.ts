import assert from 'node:assert/strict';
import fc from 'fast-check';
import { GgufBytes, ggufFile, MemorySource, valueTypes } from '../../../test/gguf/ggufBytes';
import { MOST_FETCHED_BYTES, readGgufHeader, type GgufHeader } from './gguf';

async function header(bytes: Uint8Array, size?: number): Promise<GgufHeader> {
  const outcome = await readGgufHeader(new MemorySource(bytes, size));
  assert.ok(outcome.ok, outcome.ok ? '' : outcome.reason);
  return outcome.header;
}

async function reason(bytes: GgufBytes | Uint8Array, size?: number): Promise<string> {
  const outcome = await readGgufHeader(
    new MemorySource(bytes instanceof GgufBytes ? bytes.bytes() : bytes, size),
  );
  assert.ok(!outcome.ok, 'was accepted');
  return outcome.reason;
}

/** Metadata of every kind and two tensors. */
function sample(bytes: GgufBytes): { header: Uint8Array; size: number } {
  return ggufFile(
    [
      (b) => b.string('general.architecture', 'llama'),
      (b) => b.uint('llama.block_count', 2),
      (b) => b.uints('llama.attention.head_count_kv', [8, 4]),
      (b) => b.bools('llama.attention.sliding_window_pattern', [true, false]),
      (b) => b.strings('tokenizer.ggml.tokens', ['<s>', 'é', '']),
      (b) => b.text('llama.rope.freq_base').u32(valueTypes.float32).f32(0.5),
      (b) =>
        b
          .text('big')
          .u32(valueTypes.uint64)
          .u64(2n ** 60n),
      (b) =>
        b
          .text('safe')
          .u32(valueTypes.uint64)
          .u64(2n ** 40n),
      (b) => b.text('negative').u32(valueTypes.int32).i32(-7),
      (b) => b.text('flag').u32(valueTypes.bool).u8(1),
    ],
    [
      { name: 'token_embd.weight', dims: [256, 10], type: 'Q4_K' },
      { name: 'output_norm.weight', dims: [256], type: 'F32' },
    ],
    bytes,
  );
}

describe('readGgufHeader', () => {
  for (const [version, little] of [
    [1, true],
    [2, true],
    [3, true],
    [3, false],
  ] as const)
    it(`reads version ${version}, ${little ? 'little' : 'big'}-endian`, async () => {
      const { header: bytes, size } = sample(new GgufBytes(version, little));
      const read = await header(bytes, size);
      assert.equal(read.version, version);
      assert.equal(read.littleEndian, little);
      assert.equal(read.alignment, 32);
      assert.equal(read.missingBytes, 0);
      assert.deepEqual(
        [...read.metadata],
        [
          ['general.architecture', { kind: 'string', bytes: 5, text: 'llama' }],
          ['llama.block_count', { kind: 'scalar', value: 2 }],
          ['llama.attention.head_count_kv', { kind: 'array', length: 2, items: [8, 4] }],
          ['llama.attention.sliding_window_pattern', { kind: 'array', length: 2, items: [true, false] }],
          ['tokenizer.ggml.tokens', { kind: 'array', length: 3, items: ['<s>', 'é', ''] }],
          ['llama.rope.freq_base', { kind: 'scalar', value: 0.5 }],
          ['big', { kind: 'scalar', value: 2n ** 60n }],
          ['safe', { kind: 'scalar', value: 2 ** 40 }],
          ['negative', { kind: 'scalar', value: -7 }],
          ['flag', { kind: 'scalar', value: true }],
        ],
      );
      assert.deepEqual(read.tensors, [
        { name: 'token_embd.weight', dims: [256, 10], type: 'Q4_K', bytes: 1440, offset: 0 },
        { name: 'output_norm.weight', dims: [256], type: 'F32', bytes: 1024, offset: 1440 },
      ]);
      assert.equal(read.dataOffset, size - 1440 - 1024);
    });

  it('reads the same from a source that delivers single bytes', async () => {
    const { header: bytes, size } = sample(new GgufBytes());
    const whole = await readGgufHeader(new MemorySource(bytes, size));
    assert.deepEqual(await readGgufHeader(new MemorySource(bytes, size, 1)), whole);
  });

  it('reads a header without tensors or metadata', async () => {
    const read = await header(new GgufBytes().start(0, 0).bytes());
    assert.deepEqual([read.metadata.size, read.tensors.length, read.missingBytes], [0, 0, 0]);
  });

  it('honours general.alignment', async () => {
    const bytes = new GgufBytes()
      .start(1, 1)
      .uint('general.alignment', 4096)
      .tensor('t', [1], 0, 4096)
      .bytes();
    const read = await header(bytes);
    assert.deepEqual([read.alignment, read.dataOffset, read.tensors[0]?.offset], [4096, 4096, 4096]);
  });

  it('says by how many bytes an incomplete file is short', async () => {
    const { header: bytes, size } = sample(new GgufBytes());
    assert.equal((await header(bytes, size - 100)).missingBytes, 100);
  });

  it('measures a tensor of an unknown type by where the next one begins', async () => {
    const bytes = new GgufBytes().start(2, 0).tensor('a', [256, 4], 139, 0).tensor('b', [8], 0, 640).bytes();
    const { tensors } = await header(bytes, 4096);
    assert.deepEqual(
      tensors.map(({ type, bytes: size }) => [type, size]),
      [
        ['type 139', 640],
        ['F32', 32],
      ],
    );
  });

  it('steps over a vocabulary of 256,000 tokens, its scores and a long string, without keeping them', async () => {
    const count = 256_000;
    const bytes = new GgufBytes().start(0, 4);
    bytes.text('tokenizer.ggml.tokens').u32(valueTypes.array).u32(valueTypes.string).count(count);
    const token = new GgufBytes().text('token').bytes();
    const tokens = new Uint8Array(count * token.length);
    for (let index = 0; index < count; index++) tokens.set(token, index * token.length);
    bytes.raw(tokens);
    bytes.text('tokenizer.ggml.scores').u32(valueTypes.array).u32(valueTypes.float32).count(count);
    bytes.raw(new Uint8Array(count * 4));
    bytes.string('tokenizer.huggingface.json', 'x'.repeat(3_000_000)).uint('after', 7);
    const source = new MemorySource(bytes.bytes());
    const outcome = await readGgufHeader(source);
    assert.ok(outcome.ok);
    assert.deepEqual(
      [...outcome.header.metadata.values()],
      [
        { kind: 'array', length: count, items: null },
        { kind: 'array', length: count, items: null },
        { kind: 'string', bytes: 3_000_000, text: null },
        { kind: 'scalar', value: 7 },
      ],
    );
    // The scores and the long string lie beyond a chunk and are not fetched.
    assert.ok(source.fetched < tokens.length + 2 * 2 ** 20, `${source.fetched} bytes fetched`);
  });
});

describe('readGgufHeader on files that are wrong', () => {
  const cases: readonly (readonly [string, () => GgufBytes, string, number?])[] = [
    ['an empty file', () => new GgufBytes(), 'is no GGUF file: it has fewer than 4 bytes'],
    [
      'another format',
      () => new GgufBytes().raw(new TextEncoder().encode('PK\x03\x04 and more')),
      'is no GGUF file: it does not begin with the letters GGUF',
    ],
    ['a later version', () => new GgufBytes(4).start(0, 0), 'says GGUF version 4, expected 1, 2 or 3'],
    [
      'a count of tensors of 2^60',
      () => new GgufBytes().start(2n ** 60n, 0),
      'says 1152921504606846976 tensors, at most 65536 are read',
    ],
    [
      'a count of entries of 2^60',
      () => new GgufBytes().start(0, 2n ** 60n),
      'says 1152921504606846976 metadata entries, at most 65536 are read',
    ],
    [
      'more tensors than fit in the file',
      () => new GgufBytes().start(1000, 0),
      'says 1000 tensors, more than the 0 bytes that are left of the file can hold',
    ],
    [
      'a key of 2^63 bytes',
      () =>
        new GgufBytes()
          .start(0, 1)
          .u64(2n ** 63n)
          .u64(0)
          .u64(0),
      'metadata entry 1 of 1 says a string of 9223372036854775808 bytes, more than the 16 that are left of the file',
    ],
    [
      'a string of 2^63 bytes',
      () =>
        new GgufBytes()
          .start(0, 1)
          .text('name')
          .u32(valueTypes.string)
          .u64(2n ** 63n),
      'metadata key "name" says a string of 9223372036854775808 bytes, more than the 0 that are left of the file',
    ],
    [
      'an array of 2^60 numbers',
      () =>
        new GgufBytes()
          .start(0, 1)
          .text('n')
          .u32(valueTypes.array)
          .u32(valueTypes.uint32)
          .u64(2n ** 60n),
      'metadata key "n" says an array of 1152921504606846976, more than the 0 bytes that are left of the file can hold',
    ],
    [
      'an array of 2^63 strings',
      () =>
        new GgufBytes()
          .start(0, 1)
          .text('n')
          .u32(valueTypes.array)
          .u32(valueTypes.string)
          .u64(2n ** 63n),
      'metadata key "n" says an array of 9223372036854775808, more than the 0 bytes that are left of the file can hold',
    ],
    [
      'arrays nested 10,000 deep',
      () => {
        const bytes = new GgufBytes().start(0, 1).text('n').u32(valueTypes.array);
        for (let depth = 0; depth < 10_000; depth++) bytes.u32(valueTypes.array).u64(1);
        return bytes;
      },
      'metadata key "n" nests arrays deeper than 4',
    ],
    [
      'a million arrays in an array',
      () =>
        new GgufBytes()
          .start(0, 1)
          .text('n')
          .u32(valueTypes.array)
          .u32(valueTypes.array)
          .u64(1_000_000)
          .raw(new Uint8Array(12_000_000)),
      'metadata key "n" holds more than 65536 arrays within arrays',
    ],
    [
      'the same key twice',
      () => new GgufBytes().start(0, 2).uint('general.alignment', 32).uint('general.alignment', 64),
      'has the metadata key "general.alignment" twice',
    ],
    ['an empty key', () => new GgufBytes().start(0, 1).uint('', 1), 'metadata entry 1 of 1 has an empty key'],
    [
      'an unknown value type',
      () => new GgufBytes().start(0, 1).text('k').u32(99).u64(0),
      'metadata key "k" has value type 99, which GGUF does not define',
    ],
    [
      'an unknown item type',
      () => new GgufBytes().start(0, 1).text('k').u32(valueTypes.array).u32(13).u64(1).u64(0),
      'metadata key "k" has value type 13, which GGUF does not define',
    ],
    [
      'the same tensor twice',
      () => new GgufBytes().start(2, 0).tensor('t', [4], 0, 0).tensor('t', [4], 0, 32),
      'has the tensor "t" twice',
    ],
    [
      'a tensor of 4 billion dimensions',
      () => new GgufBytes().start(1, 0).text('t').u32(4_294_967_295).u64(1).u64(0),
      'tensor "t" has 4294967295 dimensions, at most 8 are possible',
    ],
    [
      'a tensor with 2^63 rows',
      () => new GgufBytes().start(1, 0).tensor('t', [1, 2n ** 63n], 0, 0),
      'tensor "t" has impossible sizes: 1 × 9223372036854775808',
    ],
    [
      'sizes whose product overflows',
      () => new GgufBytes().start(1, 0).tensor('t', [2 ** 30, 2 ** 30], 0, 0),
      'tensor "t" has impossible sizes: 1073741824 × 1073741824',
    ],
    [
      'bytes that overflow',
      () => new GgufBytes().start(1, 0).tensor('t', [2 ** 52], 28, 0),
      'tensor "t" has impossible sizes: 4503599627370496',
    ],
    [
      'a type that no ggml has',
      () => new GgufBytes().start(1, 0).tensor('t', [4], 4_294_967_295, 0),
      'tensor "t" has type 4294967295, which is no type of ggml',
    ],
    [
      'rows that are no multiple of the block',
      () => new GgufBytes().start(1, 0).tensor('t', [100, 2], 12, 0),
      'tensor "t" of type Q4_K has rows of 100 elements, no multiple of 256',
    ],
    [
      'a tensor off the alignment',
      () => new GgufBytes().start(1, 0).tensor('t', [4], 0, 33),
      'tensor "t" lies at 33, expected a multiple of 32 within the file',
    ],
    [
      'an offset of 2^63',
      () => new GgufBytes().start(1, 0).tensor('t', [4], 0, 2n ** 63n),
      'tensor "t" lies at 9223372036854775808, expected a multiple of 32 within the file',
    ],
    [
      'a name of 70,000 bytes',
      () => new GgufBytes().start(1, 0).tensor('t'.repeat(70_000), [4], 0, 0),
      'tensor 1 of 1 has a name of 70000 bytes, at most 1024 are read',
    ],
    [
      'an alignment of 3',
      () => new GgufBytes().start(0, 1).uint('general.alignment', 3),
      'general.alignment is 3, expected a power of two',
    ],
    [
      'an alignment of 0',
      () => new GgufBytes().start(0, 1).uint('general.alignment', 0),
      'general.alignment is 0, expected a power of two',
    ],
    [
      'an alignment that is a string',
      () => new GgufBytes().start(0, 1).string('general.alignment', '32'),
      'general.alignment is string, expected a power of two',
    ],
  ];
  for (const [what, bytes, expected, size] of cases)
    it(`says what is wrong with ${what}`, async () => {
      assert.equal(await reason(bytes(), size), expected);
    });

  it('says that it is cut off, wherever that is', async () => {
    const { header: bytes } = sample(new GgufBytes());
    for (let length = 4; length < bytes.length; length++) {
      const text = await reason(bytes.subarray(0, length));
      assert.match(text, /it is cut off$|left of the file/, `${length}: ${text}`);
    }
  });

  it('follows a header for 48 MiB and no further', async () => {
    // Half a gigabyte of empty strings.
    const bytes = new GgufBytes()
      .start(0, 1)
      .text('n')
      .u32(valueTypes.array)
      .u32(valueTypes.string)
      .u64(60_000_000)
      .bytes();
    const source = new MemorySource(bytes, 500_000_000);
    const outcome = await readGgufHeader(source);
    assert.deepEqual(outcome, {
      ok: false,
      reason: 'has a header of more than 48 MiB (it was followed up to metadata key "n")',
    });
    assert.ok(source.fetched <= MOST_FETCHED_BYTES + 2 ** 20);
  });

  it('gives on what the source throws', async () => {
    const source = { size: 100, read: () => Promise.reject(new Error('EIO')) };
    await assert.rejects(readGgufHeader(source), /EIO/);
  });
});

describe('readGgufHeader on random files', function () {
  this.timeout(30_000);

  it('answers for any bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.nat(), async (tail, size) => {
        const bytes = new GgufBytes().raw(new TextEncoder().encode('GGUF')).u32(3).raw(tail).bytes();
        await answered(new MemorySource(bytes, bytes.length + size));
        await answered(new MemorySource(tail));
      }),
      { numRuns: 2000 },
    );
  });

  it('answers for a real header with bytes changed, removed or repeated', async () => {
    const { header: bytes, size } = sample(new GgufBytes());
    const change = fc.tuple(fc.nat(bytes.length - 1), fc.nat(255));
    await fc.assert(
      fc.asyncProperty(
        fc.array(change, { minLength: 1, maxLength: 8 }),
        fc.nat(bytes.length),
        fc.nat(size),
        async (changes, cut, end) => {
          const mutated = bytes.slice();
          for (const [at, value] of changes) mutated[at] = value;
          await answered(new MemorySource(mutated, size));
          await answered(new MemorySource(mutated.subarray(0, cut), end));
        },
      ),
      { numRuns: 3000 },
    );
  });

  async function answered(source: MemorySource): Promise<void> {
    const outcome = await readGgufHeader(source);
    if (outcome.ok) {
      for (const tensor of outcome.header.tensors)
        assert.ok(Number.isSafeInteger(tensor.bytes) && tensor.bytes >= 0);
    } else assert.match(outcome.reason, /^[^\n]{10,400}$/);
  }
});
