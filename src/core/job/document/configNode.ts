import type { Span } from '../../units/span';

/**
 * A parsed configuration text, whatever its syntax, with the place of every key and value. JSON, YAML and TOML all
 * become this tree, so a format reads keys and never text.
 */
export type ConfigNode = MapNode | ListNode | ScalarNode;

export interface MapNode {
  readonly kind: 'map';
  readonly span: Span;
  readonly entries: readonly MapEntry[];
}

export interface MapEntry {
  readonly key: string;
  readonly keySpan: Span;
  /** null value nodes stand for `key:` with nothing after it. */
  readonly value: ConfigNode;
}

export interface ListNode {
  readonly kind: 'list';
  readonly span: Span;
  readonly items: readonly ConfigNode[];
}

export interface ScalarNode {
  readonly kind: 'scalar';
  readonly span: Span;
  readonly value: string | number | boolean | null;
  /** The text as written, quotes included. */
  readonly raw: string;
}

export type Syntax = 'json' | 'yaml' | 'toml';

/** A syntax error with its place. */
export interface SyntaxProblem {
  readonly message: string;
  readonly span: Span;
}

/** The documents of a text (YAML may hold several), with the syntax errors that parsing survived. */
export interface ParsedText {
  readonly syntax: Syntax;
  readonly text: string;
  readonly roots: readonly ConfigNode[];
  readonly problems: readonly SyntaxProblem[];
}

/** The last entry of that key (later duplicates win, as the frameworks' loaders do). */
export function entryOf(node: ConfigNode | null | undefined, key: string): MapEntry | null {
  if (node?.kind !== 'map') return null;
  for (let i = node.entries.length - 1; i >= 0; i--) {
    const entry = node.entries[i];
    if (entry?.key === key) return entry;
  }
  return null;
}

/** Value under a chain of keys; null when any is missing. */
export function nodeAt(node: ConfigNode, ...keys: readonly string[]): ConfigNode | null {
  let current: ConfigNode | null = node;
  for (const key of keys) {
    current = entryOf(current, key)?.value ?? null;
    if (current === null) return null;
  }
  return current;
}

/** The tree as plain JavaScript values. */
export function plainValue(node: ConfigNode): unknown {
  switch (node.kind) {
    case 'scalar':
      return node.value;
    case 'list':
      return node.items.map(plainValue);
    case 'map': {
      const result: Record<string, unknown> = {};
      for (const entry of node.entries) {
        Object.defineProperty(result, entry.key, {
          value: plainValue(entry.value),
          enumerable: true,
          configurable: true,
          writable: true,
        });
      }
      return result;
    }
  }
}
