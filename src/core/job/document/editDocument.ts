import type { Span } from '../../units/span';
import { entryOf, type ConfigNode, type MapEntry, type MapNode, type ParsedText } from './configNode';

/** A replacement of a stretch of the parsed text. Offsets are UTF-16, `end` exclusive. */
export interface DocumentEdit {
  readonly range: readonly [start: number, end: number];
  readonly newText: string;
}

export type PlainValue =
  string | number | boolean | null | readonly PlainValue[] | { readonly [key: string]: PlainValue };

/** One change: the key at `path` gets `value`. */
export interface KeyChange {
  /** Keys from the root; an item of a list by its number. */
  readonly path: readonly string[];
  readonly value: PlainValue;
  /** Key of the same map beside which a missing key is written; else it goes after the map's last scalar. */
  readonly beside?: string;
}

/**
 * Edits that give one key of a document a value, and change nothing else: comments, order, line ends and indentation
 * stay. An existing value is replaced; a missing key is written on a line of its own beside its sibling. null when that
 * cannot be done safely: the path runs through an alias, a parent is missing, or the value is a block that would have to
 * be rewritten.
 */
export function editDocument(
  parsed: ParsedText,
  change: KeyChange,
  rootIndex = 0,
): readonly DocumentEdit[] | null {
  const root = parsed.roots[rootIndex];
  const name = change.path.at(-1);
  if (root === undefined || name === undefined || parsed.problems.length > 0) return null;
  const map = mapAt(root, change.path.slice(0, -1));
  if (map === null) return null;
  const entry = ownEntry(map, name);
  if (entry !== null) return replaceValue(parsed, entry, change.value);
  return insertKey(parsed, map, name, change);
}

/** Several changes of the same document. Insertions at the same place keep the order of `changes`. */
export function editKeys(
  parsed: ParsedText,
  changes: readonly KeyChange[],
  rootIndex = 0,
): readonly DocumentEdit[] | null {
  const edits: DocumentEdit[] = [];
  for (const change of changes) {
    const next = editDocument(parsed, change, rootIndex);
    if (next === null) return null;
    edits.push(...next);
  }
  return mergeInsertions(edits);
}

/** The text after edits whose ranges refer to the text before. */
export function applyEdits(text: string, edits: readonly DocumentEdit[]): string {
  let result = text;
  for (const edit of edits.toSorted((a, b) => b.range[0] - a.range[0] || b.range[1] - a.range[1])) {
    result = result.slice(0, edit.range[0]) + edit.newText + result.slice(edit.range[1]);
  }
  return result;
}

function mergeInsertions(edits: readonly DocumentEdit[]): readonly DocumentEdit[] {
  const byPlace = new Map<string, DocumentEdit>();
  for (const edit of edits) {
    const place = `${edit.range[0]}:${edit.range[1]}`;
    const before = byPlace.get(place);
    const insertion = edit.range[0] === edit.range[1];
    if (before !== undefined && insertion) {
      byPlace.set(place, { range: edit.range, newText: before.newText + edit.newText });
    } else {
      byPlace.set(place, edit);
    }
  }
  return [...byPlace.values()];
}

function contains(outer: Span, inner: Span): boolean {
  return inner.start >= outer.start && inner.end <= outer.end;
}

/** The entry as written in this map: what a merge key or an alias brings in stands elsewhere and belongs to others too. */
function ownEntry(map: MapNode, key: string): MapEntry | null {
  const entry = entryOf(map, key);
  return entry !== null && contains(map.span, entry.keySpan) ? entry : null;
}

function mapAt(root: ConfigNode, path: readonly string[]): MapNode | null {
  let node: ConfigNode = root;
  for (const key of path) {
    if (node.kind === 'list') {
      const item: ConfigNode | undefined = node.items[Number(key)];
      if (item === undefined || !contains(node.span, item.span)) return null;
      node = item;
      continue;
    }
    if (node.kind !== 'map') return null;
    const entry = ownEntry(node, key);
    if (entry === null) return null;
    node = entry.value;
  }
  return node.kind === 'map' ? node : null;
}

function replaceValue(
  parsed: ParsedText,
  entry: MapEntry,
  value: PlainValue,
): readonly DocumentEdit[] | null {
  const { span } = entry.value;
  const text = written(parsed, value);
  if (span.start === span.end) {
    return span.start <= entry.keySpan.end && parsed.syntax === 'yaml'
      ? null
      : [{ range: [span.start, span.end], newText: ` ${text}` }];
  }
  const old = parsed.text.slice(span.start, span.end);
  // Replacing what a tag types or an anchor names would change more than this value.
  const between = parsed.text.slice(entry.keySpan.end, span.start).replace(/#[^\n]*/g, '');
  if (parsed.syntax === 'yaml' && /[!&]/.test(between)) return null;
  if (parsed.syntax === 'yaml' && entry.value.kind !== 'scalar' && !/^[[{*]/.test(old)) {
    return replaceBlock(parsed, entry, text);
  }
  if (parsed.syntax === 'yaml' && /^[|>]/.test(old)) return null;
  return [{ range: [span.start, span.end], newText: text }];
}

/** A block list or map below its key, replaced by a value on the key's own line. Comments inside it go with it. */
function replaceBlock(parsed: ParsedText, entry: MapEntry, text: string): readonly DocumentEdit[] | null {
  const { span } = entry.value;
  const between = parsed.text.slice(entry.keySpan.end, span.start);
  const colon = /^\s*:[ \t]*(?:#[^\n]*)?\r?\n\s*$/.exec(between);
  if (colon === null) return null;
  const end = parsed.text.slice(0, span.end).trimEnd().length;
  return [{ range: [entry.keySpan.end, end], newText: `: ${text}` }];
}

function insertKey(
  parsed: ParsedText,
  map: MapNode,
  key: string,
  change: KeyChange,
): readonly DocumentEdit[] | null {
  const own = map.entries.filter((entry) => contains(map.span, entry.keySpan));
  const asked = change.beside === undefined ? null : ownEntry(map, change.beside);
  const sibling = asked ?? own.findLast((entry) => entry.value.kind === 'scalar') ?? own.at(-1);
  const value = written(parsed, change.value);
  if (sibling === undefined) {
    return insertIntoEmpty(parsed, map, key, value);
  }
  const flow = parsed.syntax === 'json' || parsed.text[map.span.start] === '{';
  return flow
    ? insertProperty(parsed, sibling, key, value)
    : insertLine(parsed, sibling, `${yamlKey(key)}: ${value}`);
}

function insertIntoEmpty(
  parsed: ParsedText,
  map: MapNode,
  key: string,
  value: string,
): readonly DocumentEdit[] | null {
  if (parsed.text[map.span.start] !== '{') return null;
  const inside = parsed.text.slice(map.span.start + 1, map.span.end - 1);
  if (inside.trim() !== '') return null;
  const name = parsed.syntax === 'json' ? JSON.stringify(key) : yamlKey(key);
  const newText = parsed.syntax === 'json' ? ` ${name}: ${value} ` : `${name}: ${value}`;
  return [{ range: [map.span.start + 1, map.span.end - 1], newText }];
}

/** `, "key": value` after a sibling of a JSON object or YAML flow map, on a new line where the siblings stand on lines. */
function insertProperty(
  parsed: ParsedText,
  sibling: MapEntry,
  key: string,
  value: string,
): readonly DocumentEdit[] {
  const { text } = parsed;
  const name = parsed.syntax === 'json' ? JSON.stringify(key) : yamlKey(key);
  const lineStart = text.lastIndexOf('\n', sibling.keySpan.start - 1) + 1;
  const indent = text.slice(lineStart, sibling.keySpan.start);
  // A YAML plain key needs the space; JSON follows its sibling.
  const tight = parsed.syntax === 'json' && /^:\S/.test(text.slice(sibling.keySpan.end));
  const colon = tight ? ':' : ': ';
  const ownLine = /^[ \t]*$/.test(indent) && lineStart > 0;
  const gap = ownLine ? `${lineEnd(text, lineStart)}${indent}` : tight ? '' : ' ';
  const end = sibling.value.span.end;
  return [{ range: [end, end], newText: `,${gap}${name}${colon}${value}` }];
}

/** A line of its own after the sibling's value where that ends on its line, else before the sibling's key. */
function insertLine(parsed: ParsedText, sibling: MapEntry, line: string): readonly DocumentEdit[] | null {
  const { text } = parsed;
  const lineStart = text.lastIndexOf('\n', sibling.keySpan.start - 1) + 1;
  const before = text.slice(lineStart, sibling.keySpan.start);
  // After `- ` or `? ` the column counts, not the characters before it.
  if (!/^\uFEFF?[ \t]*(?:[-?][ \t]+)*$/.test(before)) return null;
  const indent = before.replace('\uFEFF', '').replace(/[-?]/g, ' ');
  const { span, kind } = sibling.value;
  const written = text.slice(span.start, span.end);
  const endsOnItsLine = (kind === 'scalar' && !/^[|>]/.test(written)) || /^[[{*]/.test(written);
  if (endsOnItsLine) {
    const newline = text.indexOf('\n', span.end);
    const rest = text.slice(span.end, newline === -1 ? text.length : newline).replace(/\r$/, '');
    if (!/^[ \t]*(?:#.*)?$/.test(rest)) return null;
    const end = newline === -1 ? text.length : newline + 1;
    const eol = lineEnd(text, end);
    return newline === -1
      ? [{ range: [end, end], newText: `${eol}${indent}${line}` }]
      : [{ range: [end, end], newText: `${indent}${line}${eol}` }];
  }
  if (before !== indent) return null;
  return [
    { range: [lineStart, lineStart], newText: `${indent}${line}${lineEnd(text, sibling.keySpan.start)}` },
  ];
}

/** Line end in use around an offset. */
function lineEnd(text: string, near: number): string {
  const before = text.lastIndexOf('\n', near - 1);
  const newline = before === -1 ? text.indexOf('\n', near) : before;
  return newline > 0 && text[newline - 1] === '\r' ? '\r\n' : '\n';
}

function written(parsed: ParsedText, value: PlainValue): string {
  return parsed.syntax === 'json' ? JSON.stringify(value) : yamlValue(value);
}

/** A value as one line of YAML that 1.1 and 1.2 loaders read alike. */
export function yamlValue(value: PlainValue): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return `[${value.map(yamlValue).join(', ')}]`;
  if (typeof value === 'object') {
    const entries = Object.entries(value).map(([key, inner]) => `${yamlKey(key)}: ${yamlValue(inner)}`);
    return `{${entries.join(', ')}}`;
  }
  if (typeof value !== 'string') return String(value);
  return plainSafe.test(value) && !looksTyped.test(value) ? value : JSON.stringify(value);
}

/** Text that means itself without quotes, in flow and block context. */
const plainSafe = /^[A-Za-z_./][\w./+-]*$/;
/** Words that some YAML version reads as something else than text. */
const looksTyped = /^(?:y|n|yes|no|on|off|true|false|null|nan|inf|[.](?:nan|inf)|[.]?\d.*|[.]+)$/i;

function yamlKey(key: string): string {
  return yamlValue(key);
}
