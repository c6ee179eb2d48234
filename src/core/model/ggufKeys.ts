import type { ConfigProblem } from './blueprint';
import type { GgufScalar, GgufValue } from './gguf';

/** Most layers that are taken for real; llama.cpp has room for 512. */
export const MOST_GGUF_LAYERS = 4096;
const LARGEST_SIZE = 1_000_000_000;
const MOST_HEADS = 65_536;

/**
 * Reads the keys of one architecture (`llama.block_count`, …) with checks: a value that cannot be right is noted as a
 * problem, and a stand-in is returned, so that a caller reads straight through.
 */
export class GgufKeys {
  constructor(
    private readonly metadata: ReadonlyMap<string, GgufValue>,
    /** What stands before the keys' own names: `llama`, `clip.vision`. */
    readonly prefix: string,
    private readonly problems: ConfigProblem[],
  ) {}

  /** The same keys below another prefix. */
  below(prefix: string): GgufKeys {
    return new GgufKeys(this.metadata, prefix, this.problems);
  }

  has(key: string): boolean {
    return this.metadata.has(`${this.prefix}.${key}`);
  }

  /** A size of at least `min`, or null when the key is absent. */
  size(key: string, min = 1, max = LARGEST_SIZE): number | null {
    const value = this.metadata.get(`${this.prefix}.${key}`);
    if (value === undefined) return null;
    return this.checked(key, value.kind === 'scalar' ? value.value : null, min, max);
  }

  /** A size that the file must have. */
  required(key: string, min = 1, max = LARGEST_SIZE): number {
    const found = this.size(key, min, max);
    if (found !== null) return found;
    if (!this.has(key)) this.problem(key, null, integerFrom(min));
    return min;
  }

  heads(key: string): number | null {
    return this.size(key, 0, MOST_HEADS);
  }

  /** One number for each of `layers` layers, written as an array or as one number for all; null when it is absent. */
  perLayer(key: string, layers: number, max = LARGEST_SIZE): readonly number[] | null {
    const value = this.metadata.get(`${this.prefix}.${key}`);
    if (value === undefined) return null;
    if (value.kind !== 'array') {
      const one = this.size(key, 0, max) ?? 0;
      return Array.from({ length: layers }, () => one);
    }
    // Some files have entries for layers that they do not hold.
    if (value.items === null || value.length < layers) {
      this.problem(key, `an array of ${value.length}`, `${layers} numbers, one per layer`);
      return null;
    }
    return value.items.slice(0, layers).map((item) => this.checked(key, item, 0, max) ?? 0);
  }

  /** One flag per layer (booleans or numbers), or null when there is no such array. */
  flagsPerLayer(key: string, layers: number): readonly boolean[] | null {
    const value = this.metadata.get(`${this.prefix}.${key}`);
    if (value?.kind !== 'array' || value.items === null || value.length < layers) return null;
    return value.items
      .slice(0, layers)
      .map((item) => item === true || (typeof item === 'number' && item !== 0));
  }

  flag(key: string): boolean | null {
    const value = this.metadata.get(`${this.prefix}.${key}`);
    return value?.kind === 'scalar' && typeof value.value === 'boolean' ? value.value : null;
  }

  /** Any finite number, such as a scale; null when it is absent or none. */
  real(key: string): number | null {
    const value = this.metadata.get(`${this.prefix}.${key}`);
    return value?.kind === 'scalar' && typeof value.value === 'number' && Number.isFinite(value.value)
      ? value.value
      : null;
  }

  private checked(key: string, value: GgufScalar | null, min: number, max: number): number | null {
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
    const tooLarge = (typeof value === 'number' || typeof value === 'bigint') && value > max;
    this.problem(key, String(value ?? 'no number'), tooLarge ? `at most ${max}` : integerFrom(min));
    return null;
  }

  private problem(key: string, value: string | null, expected: string): void {
    const full = `${this.prefix}.${key}`;
    if (this.problems.some((problem) => problem.key === full)) return;
    this.problems.push({ key: full, value: value === null ? null : value.slice(0, 60), expected });
  }
}

function integerFrom(min: number): string {
  return min === 1 ? 'a positive integer' : `an integer of at least ${min}`;
}
