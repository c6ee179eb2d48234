import type { BlueprintOutcome } from '../blueprint';

/** The fields of a parsed file. */
export type Fields = Readonly<Record<string, unknown>>;

/** How a remark ends that weights make needless: their own type wins. */
export const TYPE_NOT_SAID = 'does not say the type of the weights: read as bf16';

/** Remarks that still hold once the weights' real type is known. */
export function withoutTypeRemarks(remarks: readonly string[]): readonly string[] {
  return remarks.filter((remark) => !remark.endsWith(TYPE_NOT_SAID));
}

/**
 * A way of describing a model in a text file other than a Hugging Face config: one file in this folder, registered in
 * `index.ts`. What it is shows in its keys, never in its name.
 */
export interface Description {
  /** For programs: `litgpt-model`. */
  readonly kind: string;
  /** For people: `litgpt model`. */
  readonly title: string;
  /** What such a file is called in a model's folder; null = anything. */
  readonly fileName: string | null;
  readonly syntax: 'json' | 'yaml';
  /** Cheap test of the path and the beginning of the raw text, registered in `job/sniff.ts`; may say yes too often. */
  readonly sniff: (text: string, path: string) => boolean;
  /** Whether the fields are surely of this kind. */
  recognises(fields: Fields): boolean;
  /** Never throws: what cannot be right is named with its key, what is not known in a sentence. */
  read(fields: Fields): BlueprintOutcome;
  /** Keys that the answer is shown at, the first that is there. */
  readonly anchorKeys: readonly string[];
  /** Keys that say the longest context. */
  readonly contextKeys: readonly string[];
}
