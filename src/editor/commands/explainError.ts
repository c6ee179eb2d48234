import * as vscode from 'vscode';
import { explainOutOfMemory } from '../../core/finding/oomText';
import type { EstimateResult } from '../../core/finding/result';
import type { Services } from '../services';
import { information, warning } from './command';
import type { Command } from './command';

/** Says what an out-of-memory error means: of the selection, else of the clipboard, else of what is pasted into a box. */
export const explainError: Command = async (services, argument) => {
  const result = await activeResult(services);
  const given = typeof argument === 'string' ? argument : selection();
  const found = explainOutOfMemory(given ?? (await vscode.env.clipboard.readText()), result);
  if (found !== null) return information(found);
  const pasted = given ?? (await ask());
  if (pasted === null) return null;
  const sentence = explainOutOfMemory(pasted, result);
  return sentence === null
    ? warning('That text holds no out-of-memory error of PyTorch, vLLM or llama.cpp.')
    : information(sentence);
};

function selection(): string | null {
  const editor = vscode.window.activeTextEditor;
  const text = editor?.document.getText(editor.selection) ?? '';
  return text.trim() === '' ? null : text;
}

async function ask(): Promise<string | null> {
  const text = await vscode.window.showInputBox({
    title: 'Rooflens: explain an out-of-memory error',
    prompt: 'Paste the message of PyTorch, vLLM or llama.cpp',
  });
  return text === undefined || text.trim() === '' ? null : text;
}

/** The answer of a config that is open beside the error: its terms tell what was being allocated. */
async function activeResult(services: Services): Promise<EstimateResult | null> {
  for (const { document } of vscode.window.visibleTextEditors) {
    const answer = await services.analyses.ready(document);
    if (answer?.analysis.outcome === 'analysed') return answer.analysis.jobs[0]?.result ?? null;
  }
  return null;
}
