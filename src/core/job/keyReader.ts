import type { Span } from '../units/span';
import { lineAt } from '../units/span';
import { entryOf, type ConfigNode, type MapEntry, type ParsedText } from './document/configNode';
import type { SettingOrigin, SettingProblem } from './job';
import { contradiction, impossibleValue } from './settingProblem';

/** A value that a document gives, with the place it stands at. */
export interface Given<T> {
  readonly value: T;
  readonly entry: MapEntry;
  readonly origin: SettingOrigin;
}

/**
 * Reads keys of one map of a document by type, as leniently as the Python frameworks do (`"8"` is a number, `yes` is
 * true), and notes a problem for what cannot be right. A key that is missing or empty is null.
 */
export class KeyReader {
  readonly problems: SettingProblem[] = [];
  private readonly fileName: string;

  constructor(
    private readonly parsed: ParsedText,
    readonly root: ConfigNode,
    private readonly path: string,
  ) {
    this.fileName = path.slice(path.lastIndexOf('/') + 1);
  }

  entry(key: string): MapEntry | null {
    const entry = entryOf(this.root, key);
    return entry === null || isEmpty(entry.value) ? null : entry;
  }

  node(key: string): ConfigNode | null {
    return this.entry(key)?.value ?? null;
  }

  origin(entry: MapEntry): SettingOrigin {
    return {
      origin: 'exact',
      source: `${this.fileName} line ${lineAt(this.parsed.text, entry.keySpan.start)}`,
      file: this.path,
      key: entry.key,
      keySpan: entry.keySpan,
      valueSpan: entry.value.span,
    };
  }

  /** A whole number within bounds. */
  whole(key: string, min: number, max: number): Given<number> | null {
    const expected =
      min > 0 ? `a positive whole number up to ${max}` : `a whole number from ${min} to ${max}`;
    return this.read(key, expected, (value) => {
      const number = numeric(value);
      return number !== null && Number.isInteger(number) && number >= min && number <= max ? number : null;
    });
  }

  real(key: string, min: number, max: number): Given<number> | null {
    return this.read(key, `a number from ${min} to ${max}`, (value) => {
      const number = numeric(value);
      return number !== null && number >= min && number <= max ? number : null;
    });
  }

  flag(key: string): Given<boolean> | null {
    return this.read(key, 'true or false', (value) => boolean(value));
  }

  /** True where the key is a true flag or any text, list or map: "is it switched on". */
  isOn(key: string): boolean {
    const node = this.node(key);
    if (node === null) return false;
    if (node.kind !== 'scalar') return node.kind === 'list' ? node.items.length > 0 : node.entries.length > 0;
    const value = boolean(node.value);
    return value ?? (node.value !== 0 && node.value !== '');
  }

  text(key: string): Given<string> | null {
    return this.read(key, 'a text', (value) => (typeof value === 'string' ? value : null));
  }

  oneOf<T extends string>(key: string, options: readonly T[]): Given<T> | null {
    return this.read(
      key,
      `one of ${options.join(', ')}`,
      (value) => options.find((option) => option === value) ?? null,
    );
  }

  /** A list of texts; one text is a list of one. */
  words(key: string): Given<readonly string[]> | null {
    const entry = this.entry(key);
    if (entry === null) return null;
    const items = entry.value.kind === 'list' ? entry.value.items : [entry.value];
    const texts: string[] = [];
    for (const item of items) {
      if (item.kind === 'scalar' && typeof item.value === 'string') texts.push(item.value);
      else if (!isEmpty(item)) {
        this.problems.push(impossibleValue(key, shownNode(item), 'a list of texts', placeOf(entry)));
        return null;
      }
    }
    return { value: texts, entry, origin: this.origin(entry) };
  }

  impossible(entry: MapEntry, value: unknown, expected: string): void {
    this.problems.push(impossibleValue(entry.key, value, expected, placeOf(entry)));
  }

  /** Notes that settings contradict each other, at the first of the keys that is there. */
  contradiction(message: string, ...keys: readonly string[]): void {
    const entry = keys.map((key) => this.entry(key)).find((one) => one !== null) ?? null;
    this.problems.push(
      contradiction(message, entry === null ? { keySpan: null, valueSpan: null } : placeOf(entry)),
    );
  }

  private read<T>(key: string, expected: string, convert: (value: unknown) => T | null): Given<T> | null {
    const entry = this.entry(key);
    if (entry === null) return null;
    const raw = entry.value.kind === 'scalar' ? entry.value.value : undefined;
    const value = raw === undefined ? null : convert(raw);
    if (value === null) {
      this.problems.push(impossibleValue(key, shownNode(entry.value), expected, placeOf(entry)));
      return null;
    }
    return { value, entry, origin: this.origin(entry) };
  }
}

export function placeOf(entry: MapEntry): { readonly keySpan: Span; readonly valueSpan: Span } {
  return { keySpan: entry.keySpan, valueSpan: entry.value.span };
}

function isEmpty(node: ConfigNode): boolean {
  return node.kind === 'scalar' && node.value === null;
}

function shownNode(node: ConfigNode): unknown {
  return node.kind === 'scalar' ? node.value : node.kind === 'list' ? 'a list' : 'a map';
}

function numeric(value: unknown): number | null {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string' || !/^[-+]?[\d_]*\.?\d[\d_]*(?:e[-+]?\d+)?$/i.test(value.trim())) return null;
  return Number(value.trim().replaceAll('_', ''));
}

function boolean(value: unknown): boolean | null {
  if (typeof value === 'boolean') return value;
  if (value === 1 || value === 0) return value === 1;
  if (typeof value !== 'string') return null;
  if (/^(?:true|yes|on|y|t|1)$/i.test(value)) return true;
  return /^(?:false|no|off|n|f|0)$/i.test(value) ? false : null;
}
