import { isRecord, shown } from '../configReader';

/** A size of a shape; null = any (the batch, a sequence's length). */
export type Size = number | null;
export type Shape = readonly Size[];

/** Largest width that is taken for real. */
const LARGEST = 1_000_000_000;

/** What cannot be right in a layer, as a sentence. Never leaves the reader of Keras configs. */
export class KerasProblem extends Error {}

/** One layer of a Keras config: its class, its own config and the shape that it was built with. */
export class KerasLayer {
  readonly className: string;
  readonly module: string;
  readonly name: string;
  private readonly config: Readonly<Record<string, unknown>>;
  private readonly build: Readonly<Record<string, unknown>>;

  /** `inputShape` stands in for a layer within another one, which keeps no shape of its own. */
  constructor(
    serialised: unknown,
    private readonly inputShape: Shape | null = null,
  ) {
    const fields = isRecord(serialised) ? serialised : {};
    const { class_name: className, module, config, build_config: build } = fields;
    if (typeof className !== 'string' || !isRecord(config))
      throw new KerasProblem(`a layer is ${shown(serialised)}, expected class_name and config`);
    this.className = className;
    this.module = typeof module === 'string' ? module : '';
    this.config = config;
    this.build = isRecord(build) ? build : {};
    const name = config['name'];
    this.name = typeof name === 'string' ? name : className;
  }

  /** For sentences: `layer "dense_1" (Dense)`. */
  get called(): string {
    return `layer ${shown(this.name)} (${this.className})`;
  }

  value(key: string): unknown {
    return this.config[key];
  }

  /** A width or count. @throws KerasProblem */
  size(key: string): number {
    const value = this.config[key];
    if (isSize(value)) return value;
    return this.problem(key, 'a positive integer');
  }

  optionalSize(key: string, absent: number): number {
    const value = this.config[key];
    return value === undefined || value === null ? absent : this.size(key);
  }

  /** true unless the config says otherwise. */
  flag(key: string, absent = true): boolean {
    const value = this.config[key];
    if (value === undefined || value === null) return absent;
    return typeof value === 'boolean' ? value : this.problem(key, 'true or false');
  }

  /** One size for each of `count` dimensions, written as a list or as one number for all. @throws KerasProblem */
  sizes(key: string, count: number): readonly number[] {
    const value = this.config[key];
    if (isSize(value)) return Array.from({ length: count }, () => value);
    if (Array.isArray(value) && value.length === count && value.every(isSize)) return value;
    return this.problem(key, `${count} positive integers`);
  }

  /** Axes as a list, written as one or several; negative ones count from the end. @throws KerasProblem */
  axes(key: string, rank: number): readonly number[] {
    const value = this.config[key];
    const list: readonly unknown[] = Array.isArray(value) ? value : [value];
    const axes = list.map((axis) => (typeof axis === 'number' && axis < 0 ? rank + axis : axis));
    const fits = (axis: unknown): axis is number =>
      typeof axis === 'number' && Number.isInteger(axis) && axis >= 0 && axis < rank;
    return axes.every(fits) ? axes : this.problem(key, `axes of a shape of ${rank} sizes`);
  }

  /** A layer within this one. */
  inner(key: string, inputShape: Shape | null): KerasLayer {
    const value = this.config[key];
    return isRecord(value) ? new KerasLayer(value, inputShape) : this.problem(key, 'a layer');
  }

  /** The shape that the layer was built with. @throws KerasProblem when the file does not say. */
  input(): Shape {
    const shape = this.build['input_shape'] ?? this.inputShape;
    return this.asShape(shape, 'input_shape');
  }

  /** One of the shapes of a layer with several inputs. @throws KerasProblem */
  inputOf(key: string): Shape {
    const shapes = this.build['shapes_dict'];
    return this.asShape(isRecord(shapes) ? shapes[key] : undefined, key);
  }

  /** A size of the input that has to be known. `axis` may be negative. @throws KerasProblem */
  inputSize(axis: number): number {
    const shape = this.input();
    return this.known(shape.at(axis), axis);
  }

  /** Number of channels, by `data_format`. @throws KerasProblem */
  channels(): number {
    return this.inputSize(this.config['data_format'] === 'channels_first' ? 1 : -1);
  }

  known(size: Size | undefined, axis: number): number {
    if (size !== null && size !== undefined) return size;
    throw new KerasProblem(`${this.called} was built without a size of axis ${axis}`);
  }

  problem(key: string, expected: string): never {
    throw new KerasProblem(`${key} of ${this.called} is ${shown(this.config[key])}, expected ${expected}`);
  }

  private asShape(value: unknown, key: string): Shape {
    if (value === undefined || value === null)
      throw new KerasProblem(`${this.called} was saved before it was built: its ${key} is not known`);
    const fits = (size: unknown): size is Size => size === null || isSize(size);
    if (Array.isArray(value) && value.length <= 16 && value.every(fits)) return value;
    throw new KerasProblem(`${key} of ${this.called} is ${shown(value)}, expected a shape`);
  }
}

function isSize(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 && value <= LARGEST;
}
