import type { TextEdit } from '../units/span';
import type { ParsedText } from './document/configNode';
import type { Job, JobPath, RecognitionOutcome } from './job';

/** What a format knows about the file besides its text. */
export interface FileContext {
  /** Absolute path, `/` separated. */
  readonly path: string;
  /** Tokens of context for bare models (`rooflens.contextLength`). */
  readonly contextLength: number;
  /**
   * Files that an earlier reading asked for (its `file` References), by reference id: reading again with them joins
   * what they say.
   */
  readonly joined?: Readonly<Record<string, JoinedFile>>;
}

/** A file that a document points to. */
export interface JoinedFile {
  /** Absolute path, `/` separated. */
  readonly path: string;
  readonly text: string;
}

/**
 * One ecosystem: one file in `formats/`, registered in `formats/index.ts`. It reads keys from a parsed tree; it opens no
 * files. What it needs besides the text it names as a Reference.
 */
export interface Format {
  readonly kind: string;
  /** For people: `axolotl`, `Hugging Face model`. */
  readonly title: string;
  /**
   * Cheap test of the raw text (at most its first 64 kB) that decides whether anything heavy is loaded. May say yes too
   * often, never no for one of its files.
   */
  sniff(text: string, path: string): boolean;
  /** null: the keys say that it is not this format after all. */
  read(parsed: ParsedText, context: FileContext): RecognitionOutcome | null;
  /** Text edits that give the settings these values in the user's own keys; null where that cannot be written here. */
  edits(
    parsed: ParsedText,
    context: FileContext,
    job: Job,
    set: Readonly<Record<JobPath, unknown>>,
  ): readonly TextEdit[] | null;
  /** The framework's own words for a change: `gradient_checkpointing: true`. */
  words(set: Readonly<Record<JobPath, unknown>>): string;
}
