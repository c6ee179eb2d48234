import * as vscode from 'vscode';
import { readSettings } from './settings';

const recentKey = 'recentTargets';
const longestRecent = 5;

/** The target that answers are given for: the user's setting, else what the file, the local GPU and the CPU decide. */
export class Targets {
  constructor(private readonly memento: vscode.Memento) {}

  /** In the target grammar of the command line, and whether the user decided on it. */
  current(scope: vscode.Uri | null): { readonly target: string; readonly chosen: boolean } {
    const { target } = readSettings(scope);
    return target === '' || target === 'auto' ? { target: 'auto', chosen: false } : { target, chosen: true };
  }

  /** Targets that were chosen before, the latest first. */
  get recent(): readonly string[] {
    const stored: unknown = this.memento.get(recentKey);
    return Array.isArray(stored) ? stored.filter((each) => typeof each === 'string') : [];
  }

  /** Writes the setting: for this workspace where a folder is open, else for the user. `auto` takes it away. */
  async choose(target: string): Promise<void> {
    const scope =
      vscode.workspace.workspaceFolders === undefined
        ? vscode.ConfigurationTarget.Global
        : vscode.ConfigurationTarget.Workspace;
    const value = target === 'auto' ? undefined : target;
    await vscode.workspace.getConfiguration('rooflens').update('target', value, scope);
    if (value === undefined) return;
    const recent = [value, ...this.recent.filter((each) => each !== value)].slice(0, longestRecent);
    await this.memento.update(recentKey, recent);
  }
}
