import * as vscode from 'vscode';
import type { TextEdit } from '../../core/units/span';
import { toWorkspaceEdit } from '../conversions';
import { warning } from './command';
import type { Command } from './command';
import type { ApplyArguments } from '../hover';

/** Writes a value that a hover offered. The text must be the one that the hover was made for. */
export const applyEdits: Command = async (_services, argument) => {
  if (!isApplyArguments(argument)) return warning('That link does not say what to write.');
  const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(argument.uri));
  if (document.version !== argument.version) {
    return warning('The text has changed since; hover over the key again.');
  }
  const applied = await vscode.workspace.applyEdit(await toWorkspaceEdit(argument.edits));
  return applied ? null : warning('The editor refused the change.');
};

function isApplyArguments(value: unknown): value is ApplyArguments {
  if (typeof value !== 'object' || value === null) return false;
  const { uri, version, edits } = value as Partial<Record<keyof ApplyArguments, unknown>>;
  return (
    typeof uri === 'string' && typeof version === 'number' && Array.isArray(edits) && edits.every(isTextEdit)
  );
}

function isTextEdit(value: unknown): value is TextEdit {
  if (typeof value !== 'object' || value === null) return false;
  const { file, range, newText } = value as Partial<Record<keyof TextEdit, unknown>>;
  return typeof file === 'string' && Array.isArray(range) && typeof newText === 'string';
}
