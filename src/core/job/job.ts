import type { Origin } from '../units/origin';
import type { Span } from '../units/span';
import type { JobDocument } from './jobDocument';

/** Dotted path into the job document: `training.microBatch`, `models.0.quantization`. */
export type JobPath = string;

/** Where a setting comes from. */
export interface SettingOrigin {
  readonly origin: Origin;
  /** For people: `axolotl 0.16: adamw_torch_fused`, `config.yaml line 12`. */
  readonly source: string;
  /** The file that sets it; null for a default. */
  readonly file: string | null;
  /** The key as the user writes it, e.g. `micro_batch_size`. */
  readonly key: string | null;
  readonly keySpan: Span | null;
  readonly valueSpan: Span | null;
}

/** A pointer from a document to something that the platform has to find. */
export interface Reference {
  /** Unique within the recognition: `model:0`, `deepspeed`. */
  readonly id: string;
  readonly kind: 'model' | 'file' | 'launcher';
  /** As written: a hub id, a path. */
  readonly name: string;
  readonly revision: string | null;
  readonly keySpan: Span | null;
  readonly valueSpan: Span | null;
}

/** What will be run: the job document with every default filled in, and where each setting came from. */
export interface Job {
  readonly document: JobDocument;
  readonly origins: Readonly<Record<JobPath, SettingOrigin>>;
  /** Where the lens stands and what a finding without a better key points to. */
  readonly anchor: Span;
  /** The key at the anchor, e.g. `base_model`. */
  readonly anchorKey: string;
  /** Reference ids of the models, by index of `document.models`; null where the document holds the config itself. */
  readonly modelReferences: readonly (string | null)[];
  /** Target declared by the file or its magic comment; null = none. */
  readonly declaredTarget: string | null;
}

/** A setting that cannot be right: shown on its key as an error. */
export interface SettingProblem {
  readonly code: string;
  readonly message: string;
  readonly keySpan: Span | null;
  readonly valueSpan: Span | null;
}

/** What a recognised document says. `kind` is the ecosystem: `axolotl`, `hf-config`, `job`, ... */
export interface Recognition {
  readonly kind: string;
  /** A bare model is no job: lens and hover, never a memory diagnostic. */
  readonly bareModel: boolean;
  readonly jobs: readonly Job[];
  readonly references: readonly Reference[];
  readonly problems: readonly SettingProblem[];
}

/** A document that is ours but cannot be parsed, or is a fragment that names no model. */
export type RecognitionOutcome =
  | { readonly outcome: 'recognised'; readonly recognition: Recognition }
  | { readonly outcome: 'unreadable'; readonly kind: string; readonly message: string; readonly span: Span }
  | { readonly outcome: 'fragment'; readonly kind: string; readonly message: string; readonly span: Span }
  | { readonly outcome: 'not-ours' };
