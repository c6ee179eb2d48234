import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { walkFiles } from './walkFiles';

describe('walkFiles', () => {
  let root: string;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'rooflens-walk-'));
  });
  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  function write(files: Readonly<Record<string, string>>): void {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, name)), { recursive: true });
      writeFileSync(join(root, name), text);
    }
  }

  async function walk(...paths: readonly string[]): Promise<readonly string[]> {
    const found: string[] = [];
    for await (const file of walkFiles(paths.length > 0 ? paths.map((path) => join(root, path)) : [root])) {
      found.push(relative(root, file));
    }
    return found;
  }

  it('gives files in name order and leaves out what .gitignore names', async () => {
    write({ '.gitignore': 'out/\n*.log\n', 'b.yml': '', 'a.yml': '', 'x.log': '', 'out/c.yml': '' });
    assert.deepEqual(await walk(), ['.gitignore', 'a.yml', 'b.yml']);
  });

  it('lets an inner .gitignore overrule an outer one', async () => {
    write({
      '.gitignore': '*.json\n',
      'in/.gitignore': '!keep.json\n',
      'in/keep.json': '',
      'in/drop.json': '',
    });
    assert.deepEqual(await walk(), ['.gitignore', 'in/.gitignore', 'in/keep.json']);
  });

  it('anchors a pattern with a slash at the folder of its .gitignore', async () => {
    write({ '.gitignore': '/a.yml\n', 'a.yml': '', 'in/a.yml': '' });
    assert.deepEqual(await walk('.'), ['.gitignore', 'in/a.yml']);
  });

  it('never enters the folders of tools', async () => {
    write({ 'node_modules/m/config.json': '', '.venv/config.json': '', 'config.json': '' });
    assert.deepEqual(await walk(), ['config.json']);
  });

  it('gives a file that is named itself, ignored or not, once', async () => {
    write({ '.gitignore': '*.json\n', 'a.json': '' });
    assert.deepEqual(await walk('a.json', '.', 'a.json'), ['a.json', '.gitignore']);
  });

  it('stops when it is aborted', async () => {
    write({ 'a.yml': '' });
    const files = walkFiles([root], AbortSignal.abort());
    await assert.rejects(files.next());
  });
});
