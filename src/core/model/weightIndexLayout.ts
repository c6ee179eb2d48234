import { hashOf, NameSet } from './nameSet';

/** What an index of shards says, read off its text. */
export interface IndexLaidOut {
  readonly names: readonly string[];
  /** Each file once, as written. */
  readonly files: ReadonlySet<string>;
  /** The text without what `weight_map` holds: JSON, small. */
  readonly rest: string;
}

/** Fewest characters of an entry: `"a":"x.bin",` */
const SHORTEST_ENTRY = 12;
const QUOTE = 34;
const COMMA = 44;
const CLOSING_BRACE = 125;
const SPACE = 32;

/**
 * The names and files of an index as the libraries write it: strings without escapes, whose names are all different; null
 * for any other text, which says nothing about whether it is an index. The index of the largest models has nine megabytes,
 * for which JSON.parse takes six times as long and fifty megabytes.
 */
export function readIndexLaidOut(json: string): IndexLaidOut | null {
  if (/[\\\u0000-\u0008\u000b\u000c\u000e-\u001f]/u.test(json)) return null;
  const map = /"weight_map"\s*:\s*\{/u.exec(json);
  if (map === null) return null;
  const start = map.index + map[0].length;
  const names = new NameSet(Math.ceil(json.length / SHORTEST_ENTRY) + 1);
  const files = new Set<string>();
  let last = '';
  let at = start;
  for (;;) {
    at = afterBlanks(json, at);
    if (json.charCodeAt(at) !== QUOTE) return null;
    const nameEnd = json.indexOf('"', at + 1);
    if (nameEnd === -1) return null;
    if (!names.add(json.slice(at + 1, nameEnd), hashOf(json, at + 1, nameEnd))) return null;
    let valueStart = nameEnd + 1;
    if (json.charCodeAt(valueStart++) !== 58) return null;
    if (json.charCodeAt(valueStart) === SPACE) valueStart++;
    if (json.charCodeAt(valueStart) !== QUOTE) return null;
    // Names are grouped by their file, more often than not.
    let end = valueStart + last.length - 1;
    if (last === '' || !json.startsWith(last, valueStart)) {
      end = json.indexOf('"', valueStart + 1);
      if (end === -1) return null;
      last = json.slice(valueStart, end + 1);
      files.add(json.slice(valueStart + 1, end));
    }
    at = afterBlanks(json, end + 1);
    const after = json.charCodeAt(at++);
    if (after === CLOSING_BRACE) break;
    if (after !== COMMA) return null;
  }
  return { names: names.names, files, rest: `${json.slice(0, start)}}${json.slice(at)}` };
}

function afterBlanks(text: string, from: number): number {
  let at = from;
  for (
    let code = text.charCodeAt(at);
    code === SPACE || (code >= 9 && code <= 13);
    code = text.charCodeAt(at)
  )
    at++;
  return at;
}
