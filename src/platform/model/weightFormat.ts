import type { EngineName } from '../../core/job/jobDocument';
import type { BlueprintOutcome } from '../../core/model/blueprint';
import type { WeightHeader } from '../../core/model/safetensors';
import type { WeightSizes } from '../../core/model/weightSizes';

/** What weight files say. */
export type WeightContents =
  /** A whole model, which needs no config. */
  | { readonly kind: 'model'; readonly outcome: BlueprintOutcome }
  /** Names, shapes and bytes of the tensors. `library` is what such tensors belong to where no config says it. */
  | { readonly kind: 'tensors'; readonly header: WeightHeader; readonly library: string }
  /** Bytes, and perhaps names: shapes only with a config. */
  | { readonly kind: 'sizes'; readonly sizes: WeightSizes }
  /** A sentence that begins with the file's name. */
  | { readonly kind: 'unreadable'; readonly reason: string };

export interface WeightsRead {
  readonly contents: WeightContents;
  /** Files that were read, absolute. */
  readonly files: readonly string[];
}

/**
 * One format of weight files: one file in this folder, registered in `weightFormats.ts`. It reads as little of a file as
 * says what is in it, whatever its size.
 */
export interface WeightFormat {
  readonly name: string;
  /** The engine that runs such files as they are; null = the usual one. */
  readonly engine: EngineName | null;
  /** Whether a file of this name is one of them. */
  takes(fileName: string): boolean;
  /** The file that stands for a model's weights in a folder, by the names in it; null when there is none. */
  inFolder(names: ReadonlySet<string>): string | null;
  /** Never rejects for what stands in a file. */
  read(path: string): Promise<WeightsRead>;
}

/** The first of some names that is there. */
export function firstOf(names: ReadonlySet<string>, wanted: readonly string[]): string | null {
  return wanted.find((name) => names.has(name)) ?? null;
}
