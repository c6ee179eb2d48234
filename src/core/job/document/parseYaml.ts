import {
  Composer,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  Parser,
  type CST,
  type Node,
  type Pair,
  type Tags,
} from 'yaml';
import type { Span } from '../../units/span';
import type { ConfigNode, MapEntry, ParsedText, SyntaxProblem } from './configNode';
import { MAX_ALIASED_NODES, MAX_DEPTH, MAX_DOCUMENTS, MAX_YAML_CHARACTERS } from './limits';

/**
 * YAML as the Python frameworks read it (version 1.1: `no` is false, `500_000` a number), except that dates and
 * sexagesimal numbers stay text and `1e-4` is a number, which is what the frameworks make of it. Duplicate keys, several
 * documents, unknown tags, anchors, aliases and merge keys are accepted. Never throws: errors are in `problems`, and
 * what could be read is in the tree.
 */
export function parseYaml(text: string): ParsedText {
  const problems: SyntaxProblem[] = [];
  const roots: ConfigNode[] = [];
  const whole = { start: 0, end: Math.min(1, text.length) };
  if (text.length > MAX_YAML_CHARACTERS) {
    problems.push({ message: `longer than ${MAX_YAML_CHARACTERS} characters: not read`, span: whole });
    return { syntax: 'yaml', text, roots, problems };
  }
  const composer = new Composer({
    version: '1.1',
    customTags: plainTags,
    strict: false,
    uniqueKeys: false,
    keepSourceTokens: true,
    logLevel: 'silent',
    prettyErrors: false,
  });
  try {
    let documents = 0;
    for (const document of composer.compose(shallow(new Parser().parse(text)))) {
      for (const error of document.errors) {
        problems.push({
          message: firstLine(error.message),
          span: { start: error.pos[0], end: Math.max(error.pos[1], error.pos[0] + 1) },
        });
      }
      if (document.contents !== null) roots.push(new Conversion(text, problems).root(document.contents));
      if (++documents >= MAX_DOCUMENTS) break;
    }
  } catch (error) {
    const message = error instanceof TooDeep ? error.message : 'cannot be parsed as YAML';
    problems.push({ message, span: whole });
  }
  return { syntax: 'yaml', text, roots, problems };
}

/** The tags of YAML 1.1 without those that turn plain text into dates, bytes, minutes and seconds. */
function plainTags(tags: Tags): Tags {
  return tags.filter((tag) => {
    if (typeof tag === 'string') return !unwantedTag.test(tag);
    return !unwantedTag.test(tag.tag) && !('format' in tag && tag.format === 'TIME');
  });
}

const unwantedTag = /timestamp|binary|omap|pairs|set$/;

class TooDeep extends Error {
  constructor() {
    super(`nested deeper than ${MAX_DEPTH} levels: not read`);
  }
}

/** Passes the parser's tokens on while they are shallow: the parser has no recursion, what follows it has. */
function* shallow(tokens: Iterable<CST.Token>): Generator<CST.Token> {
  for (const token of tokens) {
    const stack: { readonly token: CST.Token; readonly depth: number }[] = [{ token, depth: 0 }];
    for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
      if (top.depth > MAX_DEPTH) throw new TooDeep();
      const depth = top.depth + 1;
      if (top.token.type === 'document') {
        if (top.token.value !== undefined) stack.push({ token: top.token.value, depth });
      } else if ('items' in top.token) {
        for (const item of top.token.items) {
          if (item.key !== null && item.key !== undefined) stack.push({ token: item.key, depth });
          if (item.value !== undefined) stack.push({ token: item.value, depth });
        }
      }
    }
    yield token;
  }
}

function firstLine(message: string): string {
  return (message.split('\n')[0] ?? '').replace(/:$/, '');
}

/** One document to our tree. Aliases are followed; how much they may add is bounded. */
class Conversion {
  private readonly anchors = new Map<string, Node>();
  private aliased = 0;
  private depth = 0;
  private followed = 0;

  constructor(
    private readonly text: string,
    private readonly problems: SyntaxProblem[],
  ) {}

  root(contents: unknown): ConfigNode {
    return this.node(contents, null);
  }

  /** `place`: where the node stands in the text if it has no range of its own. */
  private node(node: unknown, place: Span | null): ConfigNode {
    if (this.followed > 0 && ++this.aliased > MAX_ALIASED_NODES) {
      return this.emptyAt(place ?? spanOf(node) ?? { start: 0, end: 0 }, 'aliases stand for too many values');
    }
    const span = spanOf(node) ?? place ?? { start: 0, end: 0 };
    if (isAlias(node)) return this.alias(node.source, span);
    if (isMap(node) || isSeq(node) || isScalar(node)) {
      // Registered before its content is converted, as YAML does: an alias inside refers to the node itself, a loop.
      if (node.anchor !== undefined && this.followed === 0) this.anchors.set(node.anchor, node);
    }
    if (this.depth > 2 * MAX_DEPTH) return this.emptyAt(span, 'aliases nest too deeply');
    this.depth++;
    try {
      if (isMap(node)) return { kind: 'map', span, entries: this.entries(node.items, span) };
      if (isSeq(node)) {
        const items = node.items.map((item) =>
          isPair(item)
            ? { kind: 'map' as const, span, entries: this.entries([item], span) }
            : this.node(item, span),
        );
        return { kind: 'list', span, items };
      }
      const value = isScalar(node) ? numberOrText(node.value, node.source) : null;
      return {
        kind: 'scalar',
        span,
        value: plainScalar(value),
        raw: this.text.slice(span.start, span.end),
      };
    } finally {
      this.depth--;
    }
  }

  private alias(name: string, span: Span): ConfigNode {
    const target = this.anchors.get(name);
    if (target === undefined) return this.emptyAt(span, `unknown alias *${name}`);
    if (this.depth > 2 * MAX_DEPTH) return this.emptyAt(span, 'aliases nest too deeply');
    this.followed++;
    this.depth++;
    const node = this.node(target, span);
    this.depth--;
    this.followed--;
    // The value stands where the alias is written: that is what a squiggle marks and an edit replaces.
    return node.kind === 'scalar'
      ? { ...node, span, raw: this.text.slice(span.start, span.end) }
      : { ...node, span };
  }

  private entries(pairs: readonly Pair[], mapSpan: Span): MapEntry[] {
    const own: MapEntry[] = [];
    const merged: MapEntry[] = [];
    for (const pair of pairs) {
      const key = isScalar(pair.key) ? pair.key : null;
      const keySpan = spanOf(pair.key) ?? mapSpan;
      if (
        key?.source === '<<' ||
        (isAlias(pair.value) && this.text.slice(keySpan.start, keySpan.end) === '<<')
      ) {
        merged.push(...this.mergedEntries(pair.value, keySpan));
        continue;
      }
      const name =
        key === null ? this.text.slice(keySpan.start, keySpan.end) : keyText(key.value, key.source);
      const afterKey = this.afterColon(pair, keySpan.end);
      const written = spanOf(pair.value);
      const empty =
        pair.value === null || (isScalar(pair.value) && (written === null || written.start === written.end));
      own.push({
        key: name,
        keySpan,
        value: empty
          ? {
              kind: 'scalar',
              span: { start: afterKey, end: afterKey },
              value: emptyValue(pair.value),
              raw: '',
            }
          : this.node(pair.value, { start: afterKey, end: afterKey }),
      });
    }
    // Merged keys come first: the map's own keys win, and the last entry of a key is the one that counts.
    return [...merged, ...own];
  }

  private mergedEntries(value: unknown, span: Span): readonly MapEntry[] {
    const node = this.node(value, span);
    if (node.kind === 'map') return node.entries;
    if (node.kind !== 'list') return [];
    // The first map of a list of merges wins.
    return node.items.toReversed().flatMap((item) => (item.kind === 'map' ? item.entries : []));
  }

  private afterColon(pair: Pair, fallback: number): number {
    const source = (pair as { readonly srcToken?: CST.CollectionItem }).srcToken;
    const colon = source?.sep?.find((token) => token.type === 'map-value-ind');
    return colon === undefined ? fallback : colon.offset + colon.source.length;
  }

  private emptyAt(span: Span, message: string): ConfigNode {
    if (!this.problems.some((problem) => problem.message === message)) this.problems.push({ message, span });
    return { kind: 'scalar', span, value: null, raw: this.text.slice(span.start, span.end) };
  }
}

function spanOf(node: unknown): Span | null {
  if (typeof node !== 'object' || node === null || !('range' in node)) return null;
  const range = node.range;
  if (!Array.isArray(range) || typeof range[0] !== 'number' || typeof range[1] !== 'number') return null;
  return { start: range[0], end: range[1] };
}

/** A key as a Python loader would name it: the text, since `no: 1` and `010: 1` are keys that no framework has. */
function keyText(value: unknown, source: string | undefined): string {
  return typeof value === 'string' ? value : (source ?? String(value));
}

/** An empty value with a `!!str` tag is the empty text, without one null. */
function emptyValue(node: unknown): string | null {
  return isScalar(node) && node.value === '' ? '' : null;
}

/** The library takes a lone `.` for a number that is none. */
function numberOrText(value: unknown, source: string | undefined): unknown {
  return Number.isNaN(value) && source !== undefined && !/nan/i.test(source) ? source : value;
}

function plainScalar(value: unknown): string | number | boolean | null {
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'boolean':
      return value;
    case 'bigint':
      return Number(value);
    default:
      return null;
  }
}
