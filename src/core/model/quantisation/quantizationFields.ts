import type { Quantization } from '../blueprint';
import { isRecord, shown } from '../configReader';

type Fields = Readonly<Record<string, unknown>>;

/**
 * The fields of a quantisation config. What is absent or null reads as null; what cannot be right reads as null too and is said in a
 * sentence, so that a figure that follows from the rest carries it.
 */
export class QuantizationFields {
  constructor(
    private readonly fields: Fields,
    private readonly path = '',
    private readonly said: string[] = [],
  ) {}

  /** The quantisation with what could not be read of its config. */
  done(quantization: Quantization): Quantization {
    const [first, ...more] = this.said;
    if (first === undefined) return quantization;
    return { ...quantization, unread: more.length === 0 ? first : `${first}, and ${more.length} more` };
  }

  /** Adds a sentence about what is not known. */
  say(sentence: string): void {
    if (!this.said.includes(sentence)) this.said.push(sentence);
  }

  has(key: string): boolean {
    const value = this.fields[key];
    return Object.hasOwn(this.fields, key) && value !== undefined && value !== null;
  }

  /** Whether a key is written, be it with null. */
  holds(key: string): boolean {
    return Object.hasOwn(this.fields, key);
  }

  /** The fields of an object under a key; null where there is none. */
  record(key: string): QuantizationFields | null {
    const value = this.value(key);
    if (value === null) return null;
    return isRecord(value)
      ? new QuantizationFields(value, `${this.path}${key}.`, this.said)
      : this.wrong(key, 'an object');
  }

  /** A value of a list or object below `key` as fields of their own; what is no object has none. */
  within(key: string, value: unknown): QuantizationFields {
    if (!isRecord(value)) this.wrong(key, 'objects');
    return new QuantizationFields(isRecord(value) ? value : {}, `${this.path}${key}.`, this.said);
  }

  /** Names and values of an object under a key. */
  entries(key: string): readonly (readonly [string, unknown])[] {
    const value = this.value(key);
    if (value === null) return [];
    if (isRecord(value)) return Object.entries(value);
    this.wrong(key, 'an object');
    return [];
  }

  /** The fields that are objects. */
  entriesOfRecords(): readonly (readonly [string, Fields])[] {
    return Object.entries(this.fields).filter((entry): entry is [string, Fields] => isRecord(entry[1]));
  }

  flag(key: string): boolean | null {
    const value = this.value(key);
    return value === null || typeof value === 'boolean' ? value : this.wrong(key, 'true or false');
  }

  text(key: string): string | null {
    const value = this.value(key);
    return value === null || typeof value === 'string' ? value : this.wrong(key, 'a text');
  }

  /** One of some words. */
  word<W extends string>(key: string, words: readonly W[]): W | null {
    const value = this.text(key)?.toLowerCase();
    if (value === undefined) return null;
    return words.find((word) => word === value) ?? this.wrong(key, words.join(' or '));
  }

  /** A list of texts; one text is a list of one. Entries of other kinds are said. */
  words(key: string): readonly string[] {
    const value = this.value(key);
    if (value === null) return [];
    if (typeof value === 'string') return [value];
    if (!Array.isArray(value)) {
      this.wrong(key, 'a list of module names');
      return [];
    }
    const words = value.filter((item): item is string => typeof item === 'string');
    if (words.length < value.length) this.wrong(key, 'a list of module names');
    return words;
  }

  /** Numbers of bits under the first of the keys that is there; `allowed` null = any above 0 up to 32. */
  bits(keys: readonly string[], allowed: readonly number[] | null): number | null {
    const key = keys.find((name) => this.has(name));
    if (key === undefined) return null;
    const value = this.value(key);
    const right = typeof value === 'number' && value > 0 && value <= 32;
    if (right && (allowed?.includes(value) ?? true)) return value;
    return this.wrong(key, allowed === null ? 'a number of bits' : `${allowed.join(', ')} bits`);
  }

  /** A group's size under the first of the keys that is there; null for -1, 0 and absence: one per row. */
  group(keys: readonly string[]): number | null {
    const key = keys.find((name) => this.has(name));
    if (key === undefined) return null;
    const value = this.value(key);
    if (value === -1 || value === 0) return null;
    return typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 1e9
      ? value
      : this.wrong(key, 'a size of groups');
  }

  pair(key: string): readonly [number, number] | null {
    const value = this.value(key);
    if (value === null) return null;
    const [rows, columns] = Array.isArray(value) ? (value as readonly unknown[]) : [];
    return isSize(rows) && isSize(columns) ? [rows, columns] : this.wrong(key, 'rows and columns of a block');
  }

  numbers(key: string): readonly number[] {
    const value = this.value(key);
    return Array.isArray(value) ? value.filter((item): item is number => typeof item === 'number') : [];
  }

  /** The value as it is written. */
  raw(key: string): unknown {
    return this.value(key);
  }

  private value(key: string): unknown {
    return this.has(key) ? this.fields[key] : null;
  }

  private wrong(key: string, expected: string): null {
    this.say(`${this.path}${key} is ${shown(this.fields[key] ?? null)}, expected ${expected}`);
    return null;
  }
}

function isSize(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 1e9;
}
