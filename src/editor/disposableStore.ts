import type { Disposable } from 'vscode';

/** Holds what a service made, and disposes it with the service. What is added after that is disposed at once. */
export class DisposableStore implements Disposable {
  private readonly held = new Set<Disposable>();
  private disposed = false;

  add<T extends Disposable>(disposable: T): T {
    if (this.disposed) disposable.dispose();
    else this.held.add(disposable);
    return disposable;
  }

  dispose(): void {
    this.disposed = true;
    for (const disposable of this.held) disposable.dispose();
    this.held.clear();
  }
}
