import type { Machine } from '../hardware/device';
import type { Job, JobPath, Reference, SettingProblem } from '../job/job';
import type { Span, TextEdit } from '../units/span';
import type { BareVariants } from './bareModel';
import type { Finding } from './finding';
import type { EstimateResult, Verdict } from './result';

/** What the user has set; the command line fills it from its options. */
export interface AnalysisSettings {
  /** Tokens that a bare model is read with. */
  readonly contextLength: number;
  /** Tokens per second at which a chat reads well. */
  readonly chatTokensPerSecond: number;
  /** Bytes to keep free on each device beyond what the driver reserves; null = none. */
  readonly headroomBytes: number | null;
}

/** One text to be analysed. */
export interface AnalysisRequest {
  readonly text: string;
  /** Absolute path; empty for a text that is no file. */
  readonly path: string;
  /** Absolute; null = no folder is open, and references are looked for beside the file. */
  readonly workspaceRoot: string | null;
  /** Target grammar of the command line, `auto` included. */
  readonly target: string;
  /** The user picked the target (setting, option), so that diagnostics may be shown against it. */
  readonly targetChosen: boolean;
  /** The target stands even where the file declares another one: an option of the command line, a comparison. */
  readonly targetOverrides?: boolean;
  /** As detected; in Restricted Mode what the process knows by itself. */
  readonly machine: Machine;
  readonly settings: AnalysisSettings;
  /** Model id -> path of a config.json that the user pointed to. */
  readonly modelOverrides: Readonly<Record<string, string>>;
  /** Settings of every job that are given other values, by path of the job document. */
  readonly set?: Readonly<Record<JobPath, unknown>>;
  /** The kind that the text is of, whatever its name and content look like. */
  readonly kind?: string;
  /** Environment variables that name caches. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** One job of a document with its answer. */
export interface AnalysedJob {
  readonly job: Job;
  readonly findings: readonly Finding[];
  readonly result: EstimateResult;
  /** For a bare model: the ways to use it that its lens shows. */
  readonly variants: BareVariants | null;
}

export type Analysis =
  | { readonly outcome: 'not-ours' }
  /** Ours, but it cannot be parsed now: the last answer stays, marked. `findings` hold `unreadable-config` or `fragment`. */
  | {
      readonly outcome: 'unreadable' | 'fragment';
      readonly kind: string;
      readonly title: string;
      readonly message: string;
      readonly span: Span;
      readonly findings: readonly Finding[];
    }
  | {
      readonly outcome: 'analysed';
      readonly kind: string;
      /** For people: `axolotl`. */
      readonly title: string;
      readonly bareModel: boolean;
      readonly jobs: readonly AnalysedJob[];
      readonly references: readonly Reference[];
      readonly problems: readonly SettingProblem[];
      /** Why the wanted target could not be taken, and this machine was taken instead; null = it was. */
      readonly targetProblem: string | null;
      /** Files that the answer depends on besides the text: a change of one makes it stale. */
      readonly dependencies: readonly string[];
    };

/** One row of a hover's table. */
export interface WhatIfRow {
  readonly value: unknown;
  /** As the user would write it. */
  readonly label: string;
  readonly current: boolean;
  readonly peakBytes: number;
  readonly verdict: Verdict;
  /** null for the current value, and where it cannot be written. */
  readonly edits: readonly TextEdit[] | null;
}

/** What a key costs and what its neighbours would. */
export interface WhatIf {
  readonly path: JobPath;
  /** The key as written, e.g. `micro_batch_size`. */
  readonly key: string;
  readonly span: Span;
  readonly rows: readonly WhatIfRow[];
  /** Bytes that one unit of the key adds; null where it is not a number. */
  readonly bytesEach: number | null;
  readonly result: EstimateResult;
}
