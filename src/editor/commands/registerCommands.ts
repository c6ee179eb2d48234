import * as vscode from 'vscode';
import { sentenceOf } from '../log';
import type { Services } from '../services';
import { commands } from '../contributions';
import type { CommandId } from '../contributions';
import { internalCommands } from '../selector';
import { advise } from './advise';
import { applyEdits } from './applyEdits';
import { cancelBenchmark } from './cancelBenchmark';
import { checkWorkspace } from './checkWorkspace';
import { chooseTarget } from './chooseTarget';
import type { Command, Outcome } from './command';
import { copyDiagnosticReport } from './copyDiagnosticReport';
import { detectHardware } from './detectHardware';
import { explain } from './explain';
import { explainError } from './explainError';
import { openReport } from './openReport';
import { pointToModel } from './pointToModel';
import { runBenchmark } from './runBenchmark';

/** Every command's handler; the type makes a forgotten one a compile error. */
const handlers: Readonly<Record<CommandId | typeof internalCommands.applyEdits, Command>> = {
  [commands.detectHardware]: detectHardware,
  [commands.runBenchmark]: runBenchmark,
  [commands.cancelBenchmark]: cancelBenchmark,
  [commands.checkWorkspace]: checkWorkspace,
  [commands.chooseTarget]: chooseTarget,
  [commands.advise]: advise,
  [commands.openReport]: openReport,
  [commands.explain]: explain,
  [commands.copyDiagnosticReport]: copyDiagnosticReport,
  [commands.pointToModel]: pointToModel,
  [commands.explainError]: explainError,
  [internalCommands.applyEdits]: applyEdits,
};

/**
 * Registers all commands. Each ends with at most one sentence, which is shown and also returned to a caller; an error is
 * one sentence too, and its stack trace goes to the log.
 */
export function registerCommands(services: Services): vscode.Disposable {
  return vscode.Disposable.from(
    ...Object.entries(handlers).map(([id, command]) =>
      vscode.commands.registerCommand(id, (...args: unknown[]) => run(services, command, args)),
    ),
  );
}

async function run(services: Services, command: Command, args: readonly unknown[]): Promise<string | null> {
  let outcome: Outcome | null;
  try {
    outcome = await command(services, ...args);
  } catch (error) {
    services.log.error('a command failed', error);
    outcome = { level: 'error', sentence: sentenceOf(error) };
  }
  if (outcome === null) return null;
  void show(services, outcome);
  return outcome.sentence;
}

async function show(services: Services, { level, sentence }: Outcome): Promise<void> {
  const text = `Rooflens: ${sentence}`;
  switch (level) {
    case 'information':
      await vscode.window.showInformationMessage(text);
      return;
    case 'warning':
      await vscode.window.showWarningMessage(text);
      return;
    case 'error':
      if ((await vscode.window.showErrorMessage(text, 'Show Log')) !== undefined) services.log.show();
      return;
  }
}
