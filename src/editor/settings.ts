import * as vscode from 'vscode';
import { GiB } from '../core/units/bytes';
import type { DetectOptions } from '../platform/hardware';
import type { RuleSeverity } from './contributions';

/** The user's settings for one document, read once and checked: a value of the wrong type counts as not set. */
export interface Settings {
  /** Target grammar of the command line; empty = nothing was chosen. */
  readonly target: string;
  readonly contextLength: number;
  readonly headroomBytes: number | null;
  readonly rules: Readonly<Record<string, RuleSeverity>>;
  readonly codeLens: boolean;
  readonly inlayHints: boolean;
  readonly chatTokensPerSecond: number;
}

const severities: readonly string[] = [
  'off',
  'error',
  'warning',
  'information',
  'hint',
] satisfies readonly RuleSeverity[];

export function readSettings(scope: vscode.Uri | null): Settings {
  const read = vscode.workspace.getConfiguration('rooflens', scope);
  return {
    target: text(read.get('target')),
    contextLength: positive(read.get('contextLength')) ?? 8192,
    headroomBytes: gibibytes(read.get('headroom')),
    rules: rules(read.get('rules')),
    codeLens: read.get('codeLens') !== false,
    inlayHints: read.get('inlayHints') === true,
    chatTokensPerSecond: positive(read.get('speed.chatTokensPerSecond')) ?? 7,
  };
}

/**
 * What the user says about detection: where tools lie, a recording to answer from, or a document that takes its place.
 * Restricted Mode ignores all of them.
 */
export function detectOptions(): DetectOptions & { readonly document: string | null } {
  const read = vscode.workspace.getConfiguration('rooflens');
  const override = text(read.get('hardware.override'));
  const isDocument = override.endsWith('.json');
  return {
    toolPaths: paths(read.get('tools')),
    document: isDocument ? override : null,
    ...(override === '' || isDocument ? {} : { from: override }),
  };
}

/** Python whose PyTorch is measured too; null = none is started. */
export function pythonPath(): string | null {
  const path = text(vscode.workspace.getConfiguration('rooflens').get('python.path'));
  return path === '' ? null : path;
}

function paths(value: unknown): Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

function text(value: unknown): string {
  return typeof value === 'string' ? value.trim() : '';
}

function positive(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : null;
}

function gibibytes(value: unknown): number | null {
  const gib = positive(value);
  return gib === null ? null : Math.round(gib * GiB);
}

function rules(value: unknown): Readonly<Record<string, RuleSeverity>> {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(Object.entries(value).filter(isRule));
}

function isRule(entry: [string, unknown]): entry is [string, RuleSeverity] {
  return typeof entry[1] === 'string' && severities.includes(entry[1]);
}
