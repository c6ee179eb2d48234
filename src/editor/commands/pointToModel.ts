import * as vscode from 'vscode';
import type { Services } from '../services';
import { toPath } from '../conversions';
import { information, subjectOf, warning } from './command';
import type { Command, Outcome } from './command';

/** Lets the user pick the config.json that describes a model which is not found by its id. Kept with the workspace. */
export const pointToModel: Command = async (services, model, uri, config) => {
  const id = typeof model === 'string' ? model : await unresolvedModel(services, uri);
  if (typeof id !== 'string') return id;
  const path = config instanceof vscode.Uri ? config : await pick(id);
  if (path === null) return null;
  await services.overrides.set(id, toPath(path));
  return information(`${id} is read from ${vscode.workspace.asRelativePath(path)} in this workspace.`);
};

/** The main model of the document's first job that cannot be answered, else of its first job. */
async function unresolvedModel(services: Services, uri: unknown): Promise<string | Outcome> {
  const subject = await subjectOf(services, uri, 0);
  if (!('document' in subject)) return subject;
  const { analysis } = subject.answer;
  if (analysis.outcome !== 'analysed') return warning(analysis.message);
  const jobs = [...analysis.jobs].sort((a, b) => rank(a.result.verdict) - rank(b.result.verdict));
  const reference = jobs[0]?.job.modelReferences[0];
  const name = analysis.references.find(({ id }) => id === reference)?.name;
  return name ?? warning('This file holds its model itself; there is nothing to point to.');
}

function rank(verdict: string): number {
  return verdict === 'unknown' ? 0 : 1;
}

async function pick(model: string): Promise<vscode.Uri | null> {
  const picked = await vscode.window.showOpenDialog({
    title: `Rooflens: config.json of ${model}`,
    openLabel: 'Use this config.json',
    filters: { 'Model config': ['json'] },
    canSelectMany: false,
  });
  return picked?.[0] ?? null;
}
