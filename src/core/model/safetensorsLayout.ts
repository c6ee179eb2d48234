/*
 * The header of a large mixture of experts has tens of thousands of tensors in megabytes of JSON. JSON.parse and the checks
 * of what it gives take three times as long, and twice the memory, as reading the one layout in which the safetensors
 * library writes a header: serde's order of the fields, no blanks, no escapes. Anything else, from other writers or
 * hostile, is left to JSON.parse. String primitives do the scanning: they are native, so the first header that a process
 * reads is fast as well.
 */

import { hashOf, NameSet } from './nameSet';

/** Takes one entry of a header, as written. `shape` may be shared between entries. */
export type TakeTensor = (
  name: string,
  dtype: string,
  shape: readonly number[],
  begin: number,
  end: number,
) => void;

const METADATA = '__metadata__';
const BEFORE_DTYPE = '":{"dtype":"';
const BEFORE_SHAPE = '","shape":[';
const BEFORE_OFFSETS = ',"data_offsets":[';
const COMMA = 44;
const ZERO = 48;
const NINE = 57;
const CLOSING_BRACE = 125;

/** Fewest characters that an entry takes. */
const SHORTEST_ENTRY = 48;
/** Digits that always give an exact number. */
const MOST_DIGITS = 15;
const MOST_DIMENSIONS = 16;

/**
 * Hands over the entries of a header that has the safetensors library's own layout and no name twice, in the order of the
 * file. False for any other text, which says nothing about whether it is a header; entries may have been handed over.
 */
export function readLaidOut(json: string, take: TakeTensor): boolean {
  // Without escapes and control characters a string ends at the next quote.
  if (!json.startsWith('{"') || /[\\\u0000-\u001f]/u.test(json)) return false;
  let at = json.startsWith(`"${METADATA}":{`, 1) ? afterMetadata(json) : 1;
  if (at === -1) return false;
  const names = new NameSet(Math.ceil(json.length / SHORTEST_ENTRY) + 1);
  const shapes = new Map<string, readonly number[]>();
  for (;;) {
    if (!json.startsWith('"', at)) return false;
    const nameEnd = json.indexOf('"', at + 1);
    if (nameEnd === -1 || !json.startsWith(BEFORE_DTYPE, nameEnd)) return false;
    const name = json.slice(at + 1, nameEnd);
    if (name === METADATA || !names.add(name, hashOf(json, at + 1, nameEnd))) return false;
    const dtypeStart = nameEnd + BEFORE_DTYPE.length;
    const dtypeEnd = json.indexOf('"', dtypeStart);
    if (dtypeEnd === -1 || !json.startsWith(BEFORE_SHAPE, dtypeEnd)) return false;
    const shapeStart = dtypeEnd + BEFORE_SHAPE.length;
    const shapeEnd = json.indexOf(']', shapeStart);
    if (shapeEnd === -1 || !json.startsWith(BEFORE_OFFSETS, shapeEnd + 1)) return false;
    const shapeText = json.slice(shapeStart, shapeEnd);
    const shape = shapes.get(shapeText) ?? shapeOf(shapeText);
    if (shape === null) return false;
    shapes.set(shapeText, shape);
    const beginStart = shapeEnd + 1 + BEFORE_OFFSETS.length;
    const beginEnd = digitsEnd(json, beginStart);
    const endEnd = digitsEnd(json, beginEnd + 1);
    const begin = numberAt(json, beginStart, beginEnd);
    const end = numberAt(json, beginEnd + 1, endEnd);
    if (begin === -1 || end === -1 || json.charCodeAt(beginEnd) !== COMMA) return false;
    if (!json.startsWith(']}', endEnd)) return false;
    take(name, json.slice(dtypeStart, dtypeEnd), shape, begin, end);
    const after = json.charCodeAt(endEnd + 2);
    at = endEnd + 3;
    if (after === CLOSING_BRACE) break;
    if (after !== COMMA) return false;
  }
  // Writers pad the header with blanks.
  return /^ *$/u.test(json.slice(at));
}

/** Where the first tensor begins, after `"__metadata__":{"a":"b","c":"d"},`; -1 when there is anything else. */
function afterMetadata(json: string): number {
  const start = METADATA.length + 4;
  const end = json.indexOf('}', start);
  const fits =
    end !== -1 && /^\{(?:"[^"{}]*":"[^"{}]*"(?:,(?=")|(?=\})))*\}$/u.test(json.slice(start, end + 1));
  return fits && json.charCodeAt(end + 1) === COMMA ? end + 2 : -1;
}

/** `3,4` as its sizes; null when it is anything else. */
function shapeOf(text: string): readonly number[] | null {
  if (text === '') return [];
  const sizes = text.split(',');
  if (sizes.length > MOST_DIMENSIONS) return null;
  const shape = sizes.map((size) =>
    digitsEnd(size, 0) === size.length ? numberAt(size, 0, size.length) : -1,
  );
  return shape.includes(-1) ? null : shape;
}

function digitsEnd(text: string, from: number): number {
  let at = from;
  for (let code = text.charCodeAt(at); code >= ZERO && code <= NINE; code = text.charCodeAt(at)) at++;
  return at;
}

/** The number that the digits from `from` to `end` spell as JSON has it; -1 when there are none, or too many. */
function numberAt(text: string, from: number, end: number): number {
  const digits = end - from;
  if (digits < 1 || digits > MOST_DIGITS) return -1;
  if (digits > 1 && text.charCodeAt(from) === ZERO) return -1;
  let value = 0;
  for (let at = from; at < end; at++) value = value * 10 + text.charCodeAt(at) - ZERO;
  return value;
}
