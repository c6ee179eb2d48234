import type { DocumentFilter } from 'vscode';
import { languages } from './contributions';

/** Documents that providers are asked about: files on a disk, in a language that may hold a config. */
export const selector: readonly DocumentFilter[] = languages.map((language) => ({
  scheme: 'file',
  language,
}));

/** What our diagnostics call themselves. */
export const diagnosticSource = 'Rooflens';

/** Commands of our own links, in no palette. */
export const internalCommands = { applyEdits: 'rooflens._applyEdits' } as const;
