import { classDefaults, type ClassDefaults } from './classDefaults.generated';
import type { ConfigProblem } from './blueprint';
import { generatedDefaults } from './generated/generatedTable';

/** Largest width, vocabulary or count that is taken for real; anything beyond is a typing error or hostile. */
const LARGEST = 1_000_000_000;
/** Most layers of one stack. The deepest published models have under 300. */
export const MOST_LAYERS = 4096;
/** Most heads, experts or groups of one layer. */
export const MOST_HEADS = 65_536;

interface Bounds {
  readonly min?: number;
  readonly max?: number;
}

/** The value as JSON, short enough for a sentence. */
export function shown(value: unknown): string {
  // JSON has no text for undefined, which the type of stringify does not say.
  const text = (JSON.stringify(value) as string | undefined) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** Declared defaults of a model type: those of the families, else those of the generated table. */
function defaultsOf(modelType: string): ClassDefaults | null {
  if (Object.hasOwn(classDefaults, modelType)) return classDefaults[modelType] ?? null;
  return modelType === '' ? null : generatedDefaults(modelType);
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Reads the fields of one config (or of a section of it) the way its config class does: own value, else the value under
 * another name of the field, else the class's declared default. A value that cannot be right is noted as a problem and
 * a harmless stand-in is returned, so that a family file reads straight through and every problem is reported at once.
 */
export class ConfigReader {
  private readonly defaults: ClassDefaults | null;
  private readonly otherNames: ReadonlyMap<string, readonly string[]>;

  constructor(
    private readonly source: Readonly<Record<string, unknown>>,
    readonly modelType: string,
    private readonly problems: ConfigProblem[],
    private readonly path = '',
    private readonly init: Readonly<Record<string, unknown>> = {},
  ) {
    this.defaults = defaultsOf(modelType);
    // An alias stands for its field and the field for all its aliases, whichever of them the class declares.
    const fields = new Map<string, string[]>();
    for (const [alias, field] of Object.entries(this.defaults?.aliases ?? {}))
      fields.set(field, [...(fields.get(field) ?? [field]), alias]);
    const names = new Map<string, readonly string[]>();
    for (const group of fields.values())
      for (const name of group)
        names.set(
          name,
          group.filter((other) => other !== name),
        );
    this.otherNames = names;
  }

  /** The value as the config class would hold it; undefined when neither the config nor the class has one. */
  value(key: string): unknown {
    return this.find(key).value;
  }

  /** True when the config itself holds the key (under any of its names), whatever its value. */
  has(key: string): boolean {
    return this.find(key).own;
  }

  /** A width, vocabulary or other size: an integer of at least 1. */
  size(key: string, bounds: Bounds = {}): number {
    return this.integer(key, { min: 1, max: LARGEST, ...bounds });
  }

  /** Number of layers of a stack. */
  layers(key: string): number {
    return this.integer(key, { min: 1, max: MOST_LAYERS });
  }

  /** Number of heads, groups or experts of a layer. */
  heads(key: string): number {
    return this.integer(key, { min: 1, max: MOST_HEADS });
  }

  /** A size that may be absent or null. */
  optionalSize(key: string, bounds: Bounds = {}): number | null {
    const value = this.value(key);
    return value === undefined || value === null ? null : this.size(key, bounds);
  }

  optionalHeads(key: string): number | null {
    return this.optionalSize(key, { max: MOST_HEADS });
  }

  /** An integer within bounds; without bounds of its own, from 0 to a thousand million. */
  integer(key: string, bounds: Bounds = {}): number {
    const { min = 0, max = LARGEST } = bounds;
    const value = this.value(key);
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
    const tooLarge = typeof value === 'number' && value > max;
    this.problem(key, tooLarge ? `at most ${max}` : integerFrom(min));
    return min;
  }

  /** A finite number. */
  real(key: string): number {
    const value = this.value(key);
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    this.problem(key, 'a number');
    return 0;
  }

  /** true or false; null counts as absent and takes the class's default. */
  flag(key: string): boolean {
    const own = this.value(key);
    const value = own === null ? this.declared(key) : own;
    if (typeof value === 'boolean') return value;
    if (value === undefined || value === null) return false;
    this.problem(key, 'true or false');
    return false;
  }

  /** A string, or null when it is absent or null. */
  text(key: string): string | null {
    const value = this.value(key);
    if (typeof value === 'string') return value;
    if (value !== undefined && value !== null) this.problem(key, 'a string');
    return null;
  }

  /** A list of strings with one entry per layer, or null when it is absent or null. */
  perLayerWords(key: string, layers: number): readonly string[] | null {
    const value = this.value(key);
    if (value === undefined || value === null) return null;
    if (
      Array.isArray(value) &&
      value.length === layers &&
      value.every((item): item is string => typeof item === 'string')
    )
      return value;
    this.problem(key, `a list of ${layers} strings, one per layer`);
    return null;
  }

  /** A list of integers, or null when it is absent or null. */
  integers(key: string, bounds: Bounds = {}): readonly number[] | null {
    const { min = 0, max = LARGEST } = bounds;
    const value = this.value(key);
    if (value === undefined || value === null) return null;
    const good = (item: unknown): item is number =>
      typeof item === 'number' && Number.isInteger(item) && item >= min && item <= max;
    if (Array.isArray(value) && value.length <= MOST_HEADS && value.every(good)) return value;
    this.problem(key, `a list of integers from ${min} to ${max}`);
    return null;
  }

  /** `total / parts` where the library divides without a remainder; otherwise a problem on `partsKey`. */
  quotient(totalKey: string, partsKey: string): number {
    const total = this.size(totalKey);
    const parts = this.heads(partsKey);
    if (total % parts === 0) return total / parts;
    this.problem(partsKey, `a divisor of ${totalKey} ${total}`);
    return 1;
  }

  /** Notes a problem unless `divisor` divides `total`. */
  mustDivide(divisorKey: string, divisor: number, total: number, totalName: string): void {
    if (divisor > 0 && total % divisor !== 0) this.problem(divisorKey, `a divisor of ${totalName} ${total}`);
  }

  /**
   * A nested config such as `text_config`, read with the defaults of its own model type: the one that it names, if that
   * is known, else the one that the outer class gives it. An absent one consists of defaults.
   */
  section(key: string, fallbackModelType = ''): ConfigReader {
    const value = this.value(key);
    const declared = this.defaults?.sections?.[key];
    if (value !== undefined && value !== null && !isRecord(value)) this.problem(key, 'an object');
    const source = isRecord(value) ? value : {};
    const named = source['model_type'];
    // Early configs of some classes gave a section the model type of the whole.
    const modelType =
      typeof named === 'string' && named !== this.modelType && defaultsOf(named) !== null
        ? named
        : (declared?.modelType ?? fallbackModelType);
    const init = isRecord(value) && declared?.always !== true ? {} : (declared?.init ?? {});
    return new ConfigReader(source, modelType, this.problems, `${this.path}${key}.`, init);
  }

  /** The same config with these fields instead of its own. */
  given(fields: Readonly<Record<string, unknown>>): ConfigReader {
    return new ConfigReader(
      { ...this.source, ...fields },
      this.modelType,
      this.problems,
      this.path,
      this.init,
    );
  }

  /** A nested config whose fields older configs of the class hold beside the others. */
  sectionOrFlat(key: string): ConfigReader {
    const declared = this.defaults?.sections?.[key]?.modelType;
    if (isRecord(this.value(key)) || declared === undefined) return this.section(key);
    return new ConfigReader(this.source, declared, this.problems, this.path);
  }

  /** Number of classes of a task head: the entries of `id2label`, else `num_labels`, else what the config class starts with. */
  labels(standard = 2): number {
    const map = this.value('id2label');
    if (isRecord(map)) return Math.max(Object.keys(map).length, 0);
    return this.has('num_labels') && this.value('num_labels') !== null
      ? this.integer('num_labels', { min: 0 })
      : standard;
  }

  /** Notes that the value of a key cannot be right. */
  problem(key: string, expected: string): void {
    const value = this.value(key);
    const full = `${this.path}${key}`;
    if (this.problems.some((problem) => problem.key === full)) return;
    this.problems.push({ key: full, value: value === undefined ? null : shown(value), expected });
  }

  private find(key: string): { own: boolean; value: unknown } {
    const given = [key, ...(this.otherNames.get(key) ?? [])].filter((name) =>
      Object.hasOwn(this.source, name),
    );
    // Under two names at once, the one that the class does not declare is set last.
    const last = given.find((name) => !Object.hasOwn(this.defaults?.fields ?? {}, name)) ?? given[0];
    if (last !== undefined) return { own: true, value: this.source[last] };
    if (Object.hasOwn(this.init, key)) return { own: false, value: this.init[key] };
    return { own: false, value: this.declared(key) };
  }

  private declared(key: string): unknown {
    const fields = this.defaults?.fields ?? {};
    const name = [key, ...(this.otherNames.get(key) ?? [])].find((one) => Object.hasOwn(fields, one));
    return name === undefined ? undefined : fields[name];
  }
}

function integerFrom(min: number): string {
  if (min === 1) return 'a positive integer';
  return min === 0 ? 'an integer of at least 0' : `an integer of at least ${min}`;
}
