import assert from 'node:assert/strict';
import { assertSilent, closeEditors, eventually, extension, openText } from './support';

describe('activation', () => {
  afterEach(closeEditors);

  it('follows the first document in a language that may hold a config', async () => {
    await openText('activation/some.json', '{}');
    await eventually(
      'Rooflens is active',
      () => extension().isActive,
      (active) => active,
    );
  });

  it('says nothing about a file that is no model and no job', async () => {
    const { document } = await openText('activation/package.json', '{ "name": "x", "version": "1.0.0" }');
    await extension().activate();
    await assertSilent(document);
  });

  it('names a main file that is there', async () => {
    await extension().activate();
    assert.equal((extension().packageJSON as { main: string }).main, './dist/extension.js');
  });
});
