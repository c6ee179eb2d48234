import { createRequire } from 'node:module';
import { join } from 'node:path';
import assert from 'node:assert/strict';
import type { RooflensApi } from '../../src/editor/extension';
import { extension } from './support';

let reactivated: RooflensApi | null = null;

/** What the running Rooflens exports. */
export function api(): RooflensApi {
  const exported = extension().exports as RooflensApi | undefined;
  assert(exported, 'Rooflens is not active yet');
  return reactivated ?? exported;
}

/** Disposes everything that Rooflens put into its context, as the editor does when it switches an extension off. */
export function disposeExtension(): void {
  const { context } = api();
  assert(context, 'the context is there under a test');
  for (const subscription of context.subscriptions.splice(0)) subscription.dispose();
}

/** Activates the extension's own module again in its own context. */
export function activateAgain(): void {
  const { context } = api();
  assert(context, 'the context is there under a test');
  const bundle = createRequire(__filename)(join(extension().extensionPath, 'dist', 'extension.js')) as {
    activate(given: typeof context): RooflensApi;
  };
  reactivated = bundle.activate(context);
}
