import { createScanner, parseTree, printParseErrorCode, type Node, type ParseError } from 'jsonc-parser';
import type { ConfigNode, MapEntry, ParsedText, SyntaxProblem } from './configNode';
import { MAX_CONFIG_BYTES, MAX_DEPTH } from './limits';

/** Token kinds of jsonc-parser's scanner: its declaration is an ambient `const enum`, which isolated modules cannot read. */
const tokens = {
  openBrace: 1,
  closeBrace: 2,
  openBracket: 3,
  closeBracket: 4,
  unknown: 16,
  end: 17,
} as const;

/**
 * JSON as people and Python write it: comments, trailing commas, a byte order mark, `NaN`, `Infinity` and `-Infinity`
 * are accepted, duplicate keys are all kept. Never throws: what cannot be read is in `problems`, and what stands before
 * and after an error is still in the tree.
 */
export function parseJson(text: string): ParsedText {
  const refusal = refuse(text);
  if (refusal !== null) {
    return {
      syntax: 'json',
      text,
      roots: [],
      problems: [{ message: refusal, span: { start: 0, end: Math.min(1, text.length) } }],
    };
  }
  const literals = new Map<number, { readonly value: number; readonly length: number }>();
  const errors: ParseError[] = [];
  const root = parseTree(withoutPythonLiterals(text, literals), errors, {
    allowTrailingComma: true,
    allowEmptyContent: true,
  });
  const problems: SyntaxProblem[] = errors.map((error) => ({
    message: sentence(printParseErrorCode(error.error)),
    span: { start: error.offset, end: Math.max(error.offset + error.length, error.offset + 1) },
  }));
  return {
    syntax: 'json',
    text,
    roots: root === undefined ? [] : [convert(root, text, literals)],
    problems,
  };
}

function refuse(text: string): string | null {
  if (text.length > MAX_CONFIG_BYTES) return `longer than ${MAX_CONFIG_BYTES} characters: not read`;
  // A cheap bound first: no nesting can be deeper than the number of opening brackets.
  let brackets = 0;
  for (const character of text) if (character === '{' || character === '[') brackets++;
  if (brackets <= MAX_DEPTH) return null;
  const scanner = createScanner(text, true);
  let depth = 0;
  for (let token: number = scanner.scan(); token !== tokens.end; token = scanner.scan()) {
    if (token === tokens.openBrace || token === tokens.openBracket) depth++;
    if (token === tokens.closeBrace || token === tokens.closeBracket) depth--;
    if (depth > MAX_DEPTH) return `nested deeper than ${MAX_DEPTH} levels: not read`;
  }
  return null;
}

/**
 * Python's `json.dump` writes non-finite floats as bare words, and real configs hold them (`"time_step_limit": [0.0,
 * Infinity]`). They are replaced by a number of the same width, so that every offset stays, and remembered.
 */
function withoutPythonLiterals(
  text: string,
  literals: Map<number, { readonly value: number; readonly length: number }>,
): string {
  const source = text.startsWith('\uFEFF') ? ` ${text.slice(1)}` : text;
  if (!/NaN|Infinity/.test(source)) return source;
  const scanner = createScanner(source, true);
  const pieces: string[] = [];
  let copied = 0;
  let minusAt = -1;
  for (let token: number = scanner.scan(); token !== tokens.end; token = scanner.scan()) {
    const offset = scanner.getTokenOffset();
    const word = source.slice(offset, offset + scanner.getTokenLength());
    if (token === tokens.unknown) {
      const negative = word.startsWith('-') || minusAt === offset - 1;
      const start = minusAt === offset - 1 ? minusAt : offset;
      const bare = word.replace(/^-/, '');
      if (bare === 'NaN' || bare === 'Infinity') {
        const length = offset + word.length - start;
        const value = bare === 'NaN' ? Number.NaN : negative ? -Infinity : Infinity;
        literals.set(start, { value, length });
        pieces.push(source.slice(copied, start), '0'.padEnd(length));
        copied = start + length;
      }
      minusAt = word === '-' ? offset : -1;
    } else {
      minusAt = -1;
    }
  }
  pieces.push(source.slice(copied));
  return pieces.join('');
}

function convert(
  node: Node,
  text: string,
  literals: ReadonlyMap<number, { readonly value: number; readonly length: number }>,
): ConfigNode {
  const span = { start: node.offset, end: node.offset + node.length };
  switch (node.type) {
    case 'object': {
      const entries: MapEntry[] = [];
      for (const property of node.children ?? []) {
        const [key, value] = property.children ?? [];
        if (key === undefined) continue;
        const keySpan = { start: key.offset, end: key.offset + key.length };
        const after = property.colonOffset === undefined ? keySpan.end : property.colonOffset + 1;
        entries.push({
          key: String(key.value),
          keySpan,
          value:
            value === undefined
              ? { kind: 'scalar', span: { start: after, end: after }, value: null, raw: '' }
              : convert(value, text, literals),
        });
      }
      return { kind: 'map', span, entries };
    }
    case 'array':
      return {
        kind: 'list',
        span,
        items: (node.children ?? []).map((child) => convert(child, text, literals)),
      };
    case 'property':
    case 'string':
    case 'number':
    case 'boolean':
    case 'null': {
      const literal = literals.get(node.offset);
      const end = literal === undefined ? span.end : span.start + literal.length;
      return {
        kind: 'scalar',
        span: { start: span.start, end },
        value: literal === undefined ? scalarOf(node.value) : literal.value,
        raw: text.slice(span.start, end),
      };
    }
  }
}

function scalarOf(value: unknown): string | number | boolean | null {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
}

/** `CloseBraceExpected` as words. */
function sentence(code: string): string {
  return code.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
}
