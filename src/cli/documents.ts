import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import type { Writable } from 'node:stream';
import { visit } from 'jsonc-parser';
import { CliFailure, exitCode, oneLine } from './failure';
import { formatJson } from './output';

/** The longest document that is read, in characters: one line of a stream, or the whole of a single one. */
const MAX_DOCUMENT = 64_000_000;

/** One document of an input, or what is wrong with the line in its place. */
export type DocumentRead =
  | { readonly ok: true; readonly value: unknown; readonly line: number }
  | { readonly ok: false; readonly message: string; readonly line: number };

/** The documents of an input, one after the other. */
export interface Documents {
  /** The input is one JSON value: a document, or an array of several. Known once the first document was read. */
  readonly kind: 'value' | 'array' | 'lines';
  readonly documents: AsyncIterable<DocumentRead>;
}

interface Line {
  readonly text: string;
  readonly number: number;
  /** Longer than MAX_DOCUMENT: the text is not kept. */
  readonly tooLong: boolean;
}

/** A file's bytes, or standard input for `-`. @throws CliFailure when the file cannot be opened. */
export async function openInput(path: string): Promise<AsyncIterable<Buffer>> {
  if (path === '-') return process.stdin as AsyncIterable<Buffer>;
  const stream = createReadStream(path);
  try {
    await once(stream, 'open');
  } catch (error) {
    throw new CliFailure(`${path} cannot be read: ${reasonOf(error)}`);
  }
  return stream as AsyncIterable<Buffer>;
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EISDIR') return 'it is a folder';
  if (code === 'EACCES') return 'permission denied';
  return error instanceof Error ? error.message : String(error);
}

/**
 * Splits an input into documents by one rule for standard input and `.jsonl` files: an input that is one JSON value is one
 * document (an array: several), otherwise every line that is not blank is one. Lines are streamed: no more is held than
 * what it takes to see that the input is not one value.
 */
export async function readDocuments(input: AsyncIterable<Buffer>): Promise<Documents> {
  const lines = nonBlank(splitLines(input))[Symbol.asyncIterator]();
  const held: Line[] = [];
  let characters = 0;
  let checkAt = 1;
  for (;;) {
    const next = await lines.next();
    if (next.done === true) return wholeInput(held);
    held.push(next.value);
    characters += next.value.text.length;
    const several = held.length === 2 && held[0] !== undefined && parsed(held[0].text) !== null;
    // The check reads all that is held, so it is made each time that has doubled.
    const hopeless =
      next.value.tooLong ||
      characters > MAX_DOCUMENT ||
      (characters >= checkAt && !mayBecomeValue(joined(held)));
    if (several || (hopeless && !(held.length === 1 && parsed(next.value.text) !== null)))
      return { kind: 'lines', documents: eachLine(held, lines) };
    if (characters >= checkAt) checkAt = 2 * characters;
  }
}

/** All of the input is held: it is one value, or lines of which at least one is bad. */
function wholeInput(held: readonly Line[]): Documents {
  const [first] = held;
  if (first === undefined)
    return { kind: 'value', documents: listed([{ ok: false, message: 'the input is empty', line: 1 }]) };
  const whole = parsed(joined(held));
  if (whole === null) {
    const only = held.length === 1;
    return { kind: only ? 'value' : 'lines', documents: eachLine(held, null) };
  }
  const { value } = whole;
  if (Array.isArray(value))
    return {
      kind: 'array',
      documents: listed(value.map((item: unknown) => ({ ok: true, value: item, line: first.number }))),
    };
  return { kind: 'value', documents: listed([{ ok: true, value, line: first.number }]) };
}

function joined(lines: readonly Line[]): string {
  return lines.map(({ text }) => text).join('\n');
}

function parsed(text: string): { readonly value: unknown } | null {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return null;
  }
}

/** Whether some continuation could make the text one JSON value: its first error, if any, is that it ends. */
function mayBecomeValue(text: string): boolean {
  let first = Infinity;
  visit(
    text,
    { onError: (_error, offset) => (first = Math.min(first, offset)) },
    { disallowComments: true, allowTrailingComma: false },
  );
  return first >= text.trimEnd().length;
}

async function* listed(documents: readonly DocumentRead[]): AsyncGenerator<DocumentRead> {
  for (const document of documents) yield await Promise.resolve(document);
}

async function* eachLine(
  held: readonly Line[],
  rest: AsyncIterator<Line, undefined> | null,
): AsyncGenerator<DocumentRead> {
  for (const line of held) yield documentOf(line);
  if (rest === null) return;
  for (let next = await rest.next(); next.done !== true; next = await rest.next())
    yield documentOf(next.value);
}

function documentOf(line: Line): DocumentRead {
  if (line.tooLong)
    return { ok: false, message: `the line has more than ${MAX_DOCUMENT} characters`, line: line.number };
  try {
    return { ok: true, value: JSON.parse(line.text) as unknown, line: line.number };
  } catch (error) {
    const detail = error instanceof Error ? error.message : 'syntax error';
    return { ok: false, message: oneLine(`line ${line.number} is not JSON: ${detail}`), line: line.number };
  }
}

async function* nonBlank(lines: AsyncIterable<Line>): AsyncGenerator<Line, undefined> {
  for await (const line of lines) if (line.tooLong || line.text.trim() !== '') yield line;
  return undefined;
}

/** Lines of a byte stream, numbered from 1, without their ends and without a byte order mark. */
async function* splitLines(input: AsyncIterable<Buffer>): AsyncGenerator<Line> {
  const decoder = new StringDecoder('utf8');
  let pending: Pending = { text: '', tooLong: false };
  let number = 0;
  let started = false;
  for await (const chunk of input) {
    let text = decoder.write(chunk);
    if (!started && text !== '') {
      started = true;
      text = text.replace(/^\uFEFF/u, '');
    }
    let start = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      yield lineOf(grown(pending, text.slice(start, end)), ++number);
      pending = { text: '', tooLong: false };
      start = end + 1;
    }
    pending = grown(pending, text.slice(start));
  }
  pending = grown(pending, decoder.end());
  if (pending.text !== '' || pending.tooLong) yield lineOf(pending, ++number);
}

interface Pending {
  readonly text: string;
  readonly tooLong: boolean;
}

function grown(pending: Pending, text: string): Pending {
  if (pending.tooLong || pending.text.length + text.length > MAX_DOCUMENT) return { text: '', tooLong: true };
  return { text: pending.text + text, tooLong: false };
}

function lineOf({ text, tooLong }: Pending, number: number): Line {
  return { text: text.replace(/\r$/u, ''), number, tooLong };
}

/**
 * Answers every document of an input on one line each, in order, as it comes. A bad line or a document that the command
 * cannot answer (CliFailure) is answered `{"error":{"message","line"}}` in its place, and the exit code becomes 2. An input
 * that is one document and bad is the command's failure; `print` is how the answer to a single document is shown.
 *
 * @throws CliFailure
 */
export async function answerDocuments<T>(
  input: AsyncIterable<Buffer>,
  answer: (value: unknown) => T | Promise<T>,
  print: (answered: T) => string = (answered) => formatJson(answered),
  output: Writable = process.stdout,
): Promise<void> {
  const { kind, documents } = await readDocuments(input);
  const alone = kind === 'value';
  for await (const document of documents) {
    const text = alone ? print(await answer(valueOf(document))) : await answeredLine(document, answer);
    if (!output.write(text)) await once(output, 'drain');
  }
}

function valueOf(document: DocumentRead): unknown {
  if (document.ok) return document.value;
  throw new CliFailure(document.message);
}

async function answeredLine<T>(
  document: DocumentRead,
  answer: (value: unknown) => T | Promise<T>,
): Promise<string> {
  try {
    return formatJson(await answer(valueOf(document)));
  } catch (error) {
    if (!(error instanceof CliFailure)) throw error;
    process.exitCode = exitCode.usage;
    return formatJson({ error: { message: oneLine(error.message), line: document.line } });
  }
}
