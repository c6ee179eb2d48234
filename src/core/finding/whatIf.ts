import { settingAt } from '../advice/jobSettings';
import { tryWith, type Situation, type Tried } from '../advice/whatFits';
import type { Target } from '../hardware/target';
import type { Job, JobPath } from '../job/job';
import type { ImageSettings } from '../job/jobDocument';
import type { ResolvedModel } from '../job/resolvedModel';
import type { WhatIf, WhatIfRow } from './analysis';
import type { EstimateResult } from './result';

export interface WhatIfInput {
  readonly job: Job;
  readonly models: readonly ResolvedModel[];
  readonly target: Target;
  readonly result: EstimateResult;
  readonly headroomBytes?: number | null;
  /** Most rows of the table. */
  readonly rows?: number;
}

/** A value that a setting could have, with its label and what it sets. */
interface Choice {
  readonly value: unknown;
  readonly label: string;
}

/** One picture as its pipeline makes it. */
const ownPicture: ImageSettings = {
  width: null,
  height: null,
  frames: null,
  steps: null,
  batch: 1,
  vaeTiling: false,
  offload: 'none',
};

/** How the values next to the current one are found. */
const scales: Readonly<Record<JobPath, (value: unknown) => readonly Choice[]>> = {
  'training.microBatch': doublings(1),
  'training.sequenceLength': doublings(128),
  'training.lora.rank': doublings(1),
  'inference.contextLength': doublings(512),
  'inference.concurrency': doublings(1),
  'training.gradientCheckpointing': named(['none', 'selective', 'full']),
  'training.loss': named(['plain', 'chunked', 'fused']),
  'training.attention': named(['eager', 'sdpa', 'flash']),
  'training.method': named(['full', 'lora', 'dora']),
  'training.precision': named(['fp32', 'bf16-mixed', 'bf16']),
  'training.optimizer': () =>
    ['adamw', 'paged_adamw_8bit', 'adamw_8bit', 'adafactor', 'lion', 'sgd'].map((name) => ({
      value: {
        name,
        stateBits: null,
        paged: name.startsWith('paged_'),
        implementation: null,
        inBackward: false,
      },
      label: name,
    })),
  // A dtype that is not named is the one that the library loads with.
  'models.0.dtype': (value) => [
    ...(value === null ? [{ value: null, label: 'as loaded' }] : [{ value: 'f32', label: 'fp32' }]),
    { value: 'bf16', label: '16-bit' },
  ],
  'inference.image': pictureSizes,
  'models.0.quantization': () => [
    { value: null, label: 'none' },
    { value: { method: 'bnb-int8' }, label: '8-bit' },
    { value: { method: 'bnb-nf4', doubleQuant: true }, label: '4-bit' },
  ],
};

/** Paths that a hover can show a table for. */
export function hasWhatIf(path: JobPath): boolean {
  return Object.hasOwn(scales, path);
}

/**
 * What a key costs: the next values up and down, each estimated with everything else equal. null for a path without neighbours or without
 * a place in the file. Rows have no edits yet: the caller writes them through the format.
 */
export function whatIf(input: WhatIfInput, path: JobPath): WhatIf | null {
  const origin = input.job.origins[path];
  const scaleOf = scales[path];
  if (origin === undefined || origin.keySpan === null || scaleOf === undefined) return null;
  const situation: Situation = {
    job: input.job.document,
    models: input.models,
    target: input.target,
    headroom: input.headroomBytes ?? 0,
  };
  const current = settingAt(input.job.document, path);
  const tried = tryWith(situation, {});
  const choices = around(withCurrent(scaleOf(current), current), current, input.rows ?? 6);
  const rows = choices.map((choice): WhatIfRow => {
    const isCurrent = same(choice.value, current);
    const after = isCurrent ? tried : tryWith(situation, { [path]: choice.value });
    return {
      value: choice.value,
      label: choice.label,
      current: isCurrent,
      peakBytes: Math.round(after.peakBytes),
      verdict: after.judgement.verdict,
      edits: null,
    };
  });
  return {
    path,
    key: origin.key ?? path,
    span: origin.keySpan,
    rows,
    bytesEach: typeof current === 'number' ? bytesEach(situation, tried, path, current) : null,
    result: input.result,
  };
}

/** Bytes that one unit more or less of a numeric setting moves the peak by. */
function bytesEach(situation: Situation, tried: Tried, path: JobPath, value: number): number {
  const other = Math.max(1, value > 1 ? Math.floor(value / 2) : value + 1);
  const step = value - other;
  if (step === 0) return 0;
  return Math.round((tried.peakBytes - tryWith(situation, { [path]: other }).peakBytes) / step);
}

/** Square pictures, everything else as it is. */
function pictureSizes(value: unknown): readonly Choice[] {
  const current = value as ImageSettings | null;
  const own = {
    value,
    label:
      (current?.width ?? null) === null
        ? 'its own size'
        : `${current?.width ?? 0} x ${current?.height ?? current?.width ?? 0}`,
  };
  const squares = [512, 1024, 2048]
    .map((edge) => ({
      value: { ...(current ?? ownPicture), width: edge, height: edge },
      label: `${edge} x ${edge}`,
    }))
    .filter(({ label }) => label !== own.label);
  return [own, ...squares];
}

function doublings(least: number): (value: unknown) => readonly Choice[] {
  return (value) => {
    if (typeof value !== 'number' || !Number.isFinite(value) || value < 1) return [];
    const values = [value];
    for (let lower = value / 2; lower >= least && values.length < 5; lower /= 2)
      values.unshift(Math.floor(lower));
    values.push(value * 2, value * 4);
    return [...new Set(values)].map((each) => ({ value: each, label: String(each) }));
  };
}

function named(values: readonly string[]): () => readonly Choice[] {
  return () => values.map((value) => ({ value, label: value }));
}

function withCurrent(choices: readonly Choice[], current: unknown): readonly Choice[] {
  if (current === undefined || choices.some((choice) => same(choice.value, current))) return choices;
  const label = typeof current === 'string' ? current : (nameOf(current) ?? JSON.stringify(current));
  return [...choices, { value: current, label }];
}

/** The rows nearest to the current one. */
function around(choices: readonly Choice[], current: unknown, most: number): readonly Choice[] {
  if (choices.length <= most) return choices;
  const at = Math.max(
    0,
    choices.findIndex((choice) => same(choice.value, current)),
  );
  const start = Math.min(Math.max(0, at - most + 2), choices.length - most);
  return choices.slice(start, start + most);
}

function same(a: unknown, b: unknown): boolean {
  if (nameOf(a) !== null) return nameOf(a) === nameOf(b);
  return (
    a === b || (typeof a === 'object' && typeof b === 'object' && JSON.stringify(a) === JSON.stringify(b))
  );
}

function nameOf(value: unknown): string | null {
  if (typeof value !== 'object' || value === null || !('name' in value)) return null;
  return typeof value.name === 'string' ? value.name : null;
}
