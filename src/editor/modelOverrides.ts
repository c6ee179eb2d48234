import * as vscode from 'vscode';

const key = 'modelOverrides';

/** Which config.json describes a model that is not found by its id. Kept with the workspace. */
export class ModelOverrides implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.changed.event;

  constructor(private readonly memento: vscode.Memento) {}

  /** Model id -> path of a config.json. */
  get all(): Readonly<Record<string, string>> {
    const stored: unknown = this.memento.get(key);
    if (typeof stored !== 'object' || stored === null) return {};
    return Object.fromEntries(
      Object.entries(stored).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
    );
  }

  async set(model: string, path: string): Promise<void> {
    await this.memento.update(key, { ...this.all, [model]: path });
    this.changed.fire();
  }

  dispose(): void {
    this.changed.dispose();
  }
}
