import assert from 'node:assert/strict';
import { PassThrough, Readable } from 'node:stream';
import fc from 'fast-check';
import { answerDocuments, type DocumentRead, readDocuments } from './documents';
import { CliFailure } from './failure';

/** The text in pieces of that many bytes, as a pipe may deliver it. */
function pieces(text: string, size = 7): AsyncIterable<Buffer> {
  const bytes = Buffer.from(text);
  const parts: Buffer[] = [];
  for (let start = 0; start < bytes.length; start += size) parts.push(bytes.subarray(start, start + size));
  return Readable.from(parts);
}

async function read(text: string): Promise<{ kind: string; documents: DocumentRead[] }> {
  const { kind, documents } = await readDocuments(pieces(text));
  const list: DocumentRead[] = [];
  for await (const document of documents) list.push(document);
  return { kind, documents: list };
}

const good = (value: unknown, line: number): DocumentRead => ({ ok: true, value, line });

describe('readDocuments', () => {
  it('takes one JSON value for one document, over several lines too', async () => {
    assert.deepEqual(await read('{"a":1}'), { kind: 'value', documents: [good({ a: 1 }, 1)] });
    assert.deepEqual(await read('\n{\n  "a": [\n 1 ]\n}\n\n'), {
      kind: 'value',
      documents: [good({ a: [1] }, 2)],
    });
  });

  it('takes an array for several documents', async () => {
    assert.deepEqual(await read('[\n{"a":1},\n{"b":"ü"}\n]\n'), {
      kind: 'array',
      documents: [good({ a: 1 }, 1), good({ b: 'ü' }, 1)],
    });
  });

  it('takes anything else line by line, with bad lines in their place', async () => {
    const { kind, documents } = await read('{"a":1}\r\n\n{"b"\n{"c":3}');
    assert.equal(kind, 'lines');
    assert.deepEqual(documents[0], good({ a: 1 }, 1));
    const [, bad] = documents;
    assert.ok(bad !== undefined && !bad.ok);
    assert.equal(bad.line, 3);
    assert.deepEqual(documents[2], good({ c: 3 }, 4));
  });

  it('sees that a bad first line is no value that goes on', async () => {
    for (const first of ['oops', '{"a":', '{"a":1,}', '"open', '[1,2']) {
      const { kind, documents } = await read(`${first}\n{"b":2}\n{"c":3}\n`);
      assert.equal(kind, 'lines', first);
      assert.deepEqual(
        documents.map((document) => document.ok),
        [false, true, true],
        first,
      );
    }
  });

  it('says that an input is empty', async () => {
    const { documents } = await read(' \n\n');
    assert.deepEqual(documents, [{ ok: false, message: 'the input is empty', line: 1 }]);
  });

  it('reads back whatever was written, as lines or as one value', async () => {
    const value = fc.dictionary(fc.string(), fc.jsonValue());
    await fc.assert(
      fc.asyncProperty(fc.array(value, { minLength: 2, maxLength: 6 }), async (values) => {
        const plain = JSON.parse(JSON.stringify(values)) as unknown[];
        const lines = await read(plain.map((one) => JSON.stringify(one)).join('\n'));
        assert.deepEqual(
          lines.documents.map((document) => document.ok && document.value),
          plain,
        );
        const array = await read(JSON.stringify(plain, null, 2));
        assert.equal(array.kind, 'array');
        assert.deepEqual(
          array.documents.map((document) => document.ok && document.value),
          plain,
        );
      }),
      { numRuns: 60 },
    );
  });
});

describe('answerDocuments', () => {
  afterEach(() => {
    process.exitCode = undefined;
  });

  async function answer(text: string): Promise<readonly unknown[]> {
    const output = new PassThrough();
    const chunks: Buffer[] = [];
    output.on('data', (chunk: Buffer) => chunks.push(chunk));
    await answerDocuments(
      pieces(text),
      (value) => {
        if (value === 3) throw new CliFailure('three is\nnot answered');
        return { value };
      },
      (document) => `single ${JSON.stringify(document)}\n`,
      output,
    );
    return Buffer.concat(chunks)
      .toString()
      .trimEnd()
      .split('\n')
      .map((line) => (line.startsWith('single') ? line : (JSON.parse(line) as unknown)));
  }

  it('answers a single document in the form that was asked for', async () => {
    assert.deepEqual(await answer('5'), ['single {"value":5}']);
    assert.equal(process.exitCode, undefined);
  });

  it('answers several on a line each and errors in place, with exit code 2', async () => {
    assert.deepEqual(await answer('[1,2]'), [{ value: 1 }, { value: 2 }]);
    assert.equal(process.exitCode, undefined);
    assert.deepEqual(await answer('1\n3\n\n4\n'), [
      { value: 1 },
      { error: { message: 'three is not answered', line: 2 } },
      { value: 4 },
    ]);
    assert.equal(process.exitCode, 2);
  });

  it('fails as a whole when the only document is bad', async () => {
    await assert.rejects(answer('3'), CliFailure);
    await assert.rejects(answer('{"a"'), /line 1 is not JSON/);
  });
});
