import { ExtensionMode } from 'vscode';
import type { ExtensionContext } from 'vscode';
import { registerCommands } from './commands/registerCommands';
import type { BundleName } from './bundles';
import { Services } from './services';

/** What other extensions and the tests can ask. */
export interface RooflensApi {
  /** Bundles that were read so far. */
  readonly loadedBundles: () => readonly BundleName[];
  /** Text of the status item; null while it is hidden. */
  readonly statusText: () => string | null;
  /** Under a test only, which disposes and activates again. */
  readonly context?: ExtensionContext;
}

/** Registers what Rooflens contributes and starts nothing: everything else waits for a document that is ours, or a command. */
export function activate(context: ExtensionContext): RooflensApi {
  const services = new Services(context);
  // The documents that are to be seen already: after this call, so that it costs the start nothing.
  const first = setImmediate(() => services.analyses.followVisible());
  context.subscriptions.push(services, registerCommands(services), { dispose: () => clearImmediate(first) });
  return {
    loadedBundles: () => services.bundles.loadedNames,
    statusText: () => services.statusItem.text,
    ...(context.extensionMode === ExtensionMode.Test ? { context } : {}),
  };
}
