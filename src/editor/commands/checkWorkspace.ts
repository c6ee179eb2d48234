import { readFile, stat } from 'node:fs/promises';
import * as vscode from 'vscode';
import type { CheckedFile } from '../../core/finding/checkText';
import { checkText } from '../../core/finding/checkText';
import { MAX_CONFIG_BYTES } from '../../core/job/document/limits';
import { sniffs } from '../../core/job/sniff';
import type { OurAnalysis } from '../documentAnalysis';
import type { Services } from '../services';
import { tooLarge } from '../tooLarge';
import { information, warning } from './command';
import type { Command } from './command';

/** Checks every file of the workspace that is ours: problems in the Problems view, all verdicts in a summary. */
export const checkWorkspace: Command = async (services) => {
  const folders = vscode.workspace.workspaceFolders ?? [];
  if (folders.length === 0) return warning('Open a folder first: there is no workspace to check.');
  const checked = await vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      title: 'Rooflens checks the workspace',
      cancellable: true,
    },
    (progress, token) => checkFolders(services, folders, progress, token),
  );
  if (checked.length === 0) return information('No model or training config was found in this workspace.');
  await services.reports.show('check', checkText(checked));
  const exceeding = checked.filter(({ analysis }) => exceeds(analysis)).length;
  const files = `${checked.length} ${checked.length === 1 ? 'file' : 'files'}`;
  return exceeding === 0
    ? information(`Checked ${files}: nothing exceeds its target.`)
    : warning(
        `Checked ${files}: ${exceeding} ${exceeding === 1 ? 'exceeds its target' : 'exceed their targets'}.`,
      );
};

async function checkFolders(
  services: Services,
  folders: readonly vscode.WorkspaceFolder[],
  progress: vscode.Progress<{ message?: string }>,
  token: vscode.CancellationToken,
): Promise<readonly CheckedFile[]> {
  services.diagnostics.clearChecked();
  const checked: CheckedFile[] = [];
  const paths = folders.map((folder) => folder.uri.fsPath);
  for await (const path of services.bundles.analysis().walkFiles(paths)) {
    if (token.isCancellationRequested) break;
    const analysis = await checkFile(services, path);
    if (analysis === null) continue;
    const name = vscode.workspace.asRelativePath(path);
    progress.report({ message: name });
    checked.push({ name, analysis });
  }
  return checked;
}

async function checkFile(services: Services, path: string): Promise<OurAnalysis | null> {
  const uri = vscode.Uri.file(path);
  const open = vscode.workspace.textDocuments.find((document) => document.uri.toString() === uri.toString());
  if (open !== undefined) return (await services.analyses.current(open))?.analysis ?? null;
  const text = await textOf(path);
  if (text === null || !sniffs(text, path)) return null;
  const request = await services.analyses.request(uri, text);
  const analysis =
    text.length > MAX_CONFIG_BYTES
      ? tooLarge(path, text.length)
      : await services.bundles.analysis().analyseText(request);
  if (analysis.outcome === 'not-ours') return null;
  services.diagnostics.showChecked(await vscode.workspace.openTextDocument(uri), analysis);
  return analysis;
}

/** null for what cannot be a config: a file that is too large, or that cannot be read. */
async function textOf(path: string): Promise<string | null> {
  try {
    if ((await stat(path)).size > 2 * MAX_CONFIG_BYTES) return null;
    return await readFile(path, 'utf8');
  } catch {
    return null;
  }
}

function exceeds(analysis: OurAnalysis): boolean {
  return analysis.outcome === 'analysed' && analysis.jobs.some(({ result }) => result.verdict === 'exceeds');
}
