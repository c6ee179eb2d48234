import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const pages = 'docs/rules';

/** Codes that the core gives to findings: literals beside the word `code`. */
function codesInCore(): readonly string[] {
  const files = readdirSync('src/core', { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.ts') && !name.endsWith('.test.ts'),
  );
  const codes = files.flatMap((name) =>
    [...readFileSync(join('src/core', name), 'utf8').matchAll(/\bcode: '([a-z-]+)'/g)].map(
      (match) => match[1] ?? '',
    ),
  );
  return [...new Set(codes)].sort();
}

describe('pages of the diagnostics', () => {
  const existing = readdirSync(pages)
    .filter((name) => name !== 'README.md')
    .map((name) => name.replace(/\.md$/, ''))
    .sort();

  it('are there for every code, and for no other', () => {
    assert.deepEqual(existing, codesInCore());
  });

  it('are all in the list', () => {
    const list = readFileSync(join(pages, 'README.md'), 'utf8');
    for (const code of existing) assert.ok(list.includes(`[${code}](${code}.md)`), code);
  });

  it('begin with their code', () => {
    for (const code of existing) {
      assert.ok(readFileSync(join(pages, `${code}.md`), 'utf8').startsWith(`# ${code}\n`), code);
    }
  });
});
