import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

/** Names in the first column of the tables under a heading. */
function listed(page: string, heading: string): readonly string[] {
  const section = page.split('\n## ').find((part) => part.startsWith(heading)) ?? '';
  return [...section.matchAll(/^\| (`.*?) \|/gm)].flatMap(([, cell]) =>
    [...(cell ?? '').matchAll(/`([^`]+)`/g)].map(([, name]) => name ?? ''),
  );
}

describe('docs/dependencies.md', () => {
  const page = readFileSync('docs/dependencies.md', 'utf8');
  const { dependencies, devDependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest;

  it('names every dependency of what users install', () => {
    assert.deepEqual(listed(page, 'In what users install').toSorted(), Object.keys(dependencies).toSorted());
  });

  it('names every dependency for building and testing', () => {
    const named = listed(page, 'For building and testing').toSorted();
    assert.deepEqual(named, Object.keys(devDependencies).toSorted());
  });
});
