import type { Blueprint } from '../blueprint';
import type { FieldValue } from './expression';

/** All layers have a window; or [every, which]: full where the number of the layer leaves that remainder. */
export type LayerWindow = 'all' | readonly [every: number, which: number];

/** One class within another: its prefix, its class, the section that it reads, what of it is left out, its model type. */
export type Part = readonly [
  prefix: string,
  className: string,
  section: string,
  omit: readonly string[],
  modelType: string,
];

/** A class as the table holds it. */
export interface Entry {
  readonly type: string;
  readonly task: Blueprint['task'];
  readonly parts?: readonly Part[];
  readonly rows: readonly string[];
  /** Name, owner and condition of what shares its memory. */
  readonly ties?: readonly (readonly [name: string, owner: string, condition: string])[];
  /** What the class takes for a field that is null. */
  readonly derived?: Readonly<Record<string, string>>;
  /** Fields that must have these values, because the expressions hold for no others. */
  readonly requires?: Readonly<Record<string, FieldValue>>;
  /** Fields of a section that the class sets from its other fields. */
  readonly given?: Readonly<Record<string, string>>;
  /** What is not known of it, where its tensors are. */
  readonly assumed?: string;
  readonly labels: number;
  /** Layers look back alone, unless the config says that it is no decoder. */
  readonly causal?: boolean;
  /** Layers with a window: all, or where `layer_types` does not say, those whose number leaves another remainder. */
  readonly window?: LayerWindow | null;
}
