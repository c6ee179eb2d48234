import * as vscode from 'vscode';

/** The output channel, made when something is first written to it. Stack traces go here and nowhere else. */
export class Log implements vscode.Disposable {
  private channel: vscode.LogOutputChannel | null = null;

  info(message: string): void {
    this.open().info(message);
  }

  error(what: string, error: unknown): void {
    this.open().error(what, error instanceof Error ? (error.stack ?? error.message) : String(error));
  }

  show(): void {
    this.open().show(true);
  }

  dispose(): void {
    this.channel?.dispose();
    this.channel = null;
  }

  private open(): vscode.LogOutputChannel {
    this.channel ??= vscode.window.createOutputChannel('Rooflens', { log: true });
    return this.channel;
  }
}

/** An error as one sentence for people. */
export function sentenceOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const first = message.split('\n', 1)[0]?.trim() ?? '';
  return /[.!?]$/.test(first) ? first : `${first}.`;
}
