import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { closeEditors, eventually, extension, openText } from '../support';

describe('Restricted Mode', () => {
  afterEach(closeEditors);

  it('is what this window is in', () => {
    assert.equal(vscode.workspace.isTrusted, false);
  });

  it('lets Rooflens activate', async () => {
    await openText('some.json', '{}');
    await eventually(
      'Rooflens is active',
      () => extension().isActive,
      (active) => active,
    );
  });
});
