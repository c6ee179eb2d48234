import * as vscode from 'vscode';
import type { Answer } from '../documentAnalysis';
import type { Services } from '../services';

/** How a command ended, in one sentence. */
export interface Outcome {
  readonly level: 'information' | 'warning' | 'error';
  readonly sentence: string;
}

/** A command's work. Arguments come from links and other extensions, and are checked. null = nothing needs to be said. */
export type Command = (services: Services, ...args: readonly unknown[]) => Promise<Outcome | null>;

export function information(sentence: string): Outcome {
  return { level: 'information', sentence };
}

export function warning(sentence: string): Outcome {
  return { level: 'warning', sentence };
}

/** A document of ours with its answer. */
export interface Subject {
  readonly document: vscode.TextDocument;
  readonly answer: Answer;
  /** Place of the job in the document. */
  readonly job: number;
}

/** The document that a command is about, from its arguments or the active editor; else the sentence that says what is missing. */
export async function subjectOf(services: Services, uri: unknown, job: unknown): Promise<Subject | Outcome> {
  const document = await documentOf(uri);
  if (document === null) return warning('Open a model or training config first.');
  const answer = await services.analyses.current(document);
  if (answer === null) {
    return warning(`${vscode.workspace.asRelativePath(document.uri)} is not a model or training config.`);
  }
  return { document, answer, job: typeof job === 'number' ? job : 0 };
}

async function documentOf(uri: unknown): Promise<vscode.TextDocument | null> {
  const named = uri instanceof vscode.Uri ? uri : typeof uri === 'string' ? vscode.Uri.parse(uri) : null;
  if (named !== null) return vscode.workspace.openTextDocument(named);
  return vscode.window.activeTextEditor?.document ?? null;
}
