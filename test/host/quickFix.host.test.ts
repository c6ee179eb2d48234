import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { axolotl } from './fixtures';
import {
  closeEditors,
  eventually,
  lensTitles,
  openText,
  quickFixes,
  untilDiagnostic,
  untilLens,
  untilNoDiagnostics,
} from './support';

/** Whether a lens shows a figure, or an interval with it in. */
function keeps(lens: string, gib: string): boolean {
  const interval = /Tight · ([\d.]+)–([\d.]+) of/.exec(lens);
  if (interval === null) return lens.includes(` ${gib} of `);
  return Number(interval[1]) <= Number(gib) && Number(gib) <= Number(interval[2]);
}

/** What a title promises: `… → 18.6 of 23.5 GiB`. */
function promised(title: string): string {
  const found = /→ ([\d.]+) of/.exec(title);
  assert(found?.[1], `the title promises no result: ${title}`);
  return found[1];
}

async function offered(
  document: vscode.TextDocument,
): Promise<readonly (vscode.CodeAction & { edit: vscode.WorkspaceEdit })[]> {
  const diagnostic = await untilDiagnostic(document, 'exceeds-memory');
  const actions = await quickFixes(document, diagnostic.range);
  return actions.filter(
    (action): action is vscode.CodeAction & { edit: vscode.WorkspaceEdit } =>
      action.edit !== undefined && action.title.includes(' → '),
  );
}

describe('quick fixes', () => {
  afterEach(closeEditors);

  it('are offered with their results, what changes the job after what does not', async () => {
    const { document } = await openText('fixes/titles.yaml', axolotl({ microBatch: 16 }));
    const titles = (await offered(document)).map(({ title }) => title);
    assert(titles.length >= 2, titles.join('\n'));
    for (const title of titles) assert.match(title, / → [\d.]+ of 23\.\d GiB/);
    const changing = titles.map((title) => title.includes('changes results'));
    assert.deepEqual(
      changing,
      changing.toSorted((a, b) => Number(a) - Number(b)),
      titles.join('\n'),
    );
  });

  it('do what their title says: the answer after each is the promised one', async function () {
    this.timeout(60_000);
    const text = axolotl({ microBatch: 16 });
    const { document: first } = await openText('fixes/count.yaml', text);
    const count = (await offered(first)).length;
    for (let index = 0; index < count; index++) {
      const { document } = await openText(`fixes/apply-${index}.yaml`, text);
      const before = await untilLens(document, /Needs/);
      const action = (await offered(document))[index];
      assert(action);
      assert(await vscode.workspace.applyEdit(action.edit));
      const [after] = await eventually(
        `another answer after ${action.title}`,
        () => lensTitles(document),
        ([title]) => title !== undefined && title !== before,
      );
      assert(keeps(after ?? '', promised(action.title)), `${action.title} gave ${after ?? 'nothing'}`);
      if (after?.includes('$(check)') === true) await untilNoDiagnostics(document);
    }
  });

  it('hold one that makes the job fit', async () => {
    const { document } = await openText('fixes/fits.yaml', axolotl({ microBatch: 16 }));
    const [best] = await offered(document);
    assert(best);
    assert(await vscode.workspace.applyEdit(best.edit));
    await untilLens(document, /^\$\(check\) Fits/);
  });
});
