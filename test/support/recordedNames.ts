import assert from 'node:assert/strict';

/** `layers.{0-2,5}.weight` -> the names that it stands for; several braces multiply. See tools/oracle/collapse.py. */
export function expandNames(pattern: string): readonly string[] {
  const open = pattern.indexOf('{');
  if (open === -1) return [pattern];
  const close = pattern.indexOf('}', open);
  const tails = expandNames(pattern.slice(close + 1));
  return pattern
    .slice(open + 1, close)
    .split(',')
    .flatMap((part) => {
      const [first, last] = part.split('-').map(Number);
      assert.ok(first !== undefined);
      return Array.from({ length: (last ?? first) - first + 1 }, (_, i) => first + i);
    })
    .flatMap((number) => tails.map((tail) => `${pattern.slice(0, open)}${number}${tail}`));
}

/** Lines `NAME REST` with names in the short form, as a map from each name to the rest. */
export function recordedLines(lines: readonly string[]): Map<string, string> {
  const named = new Map<string, string>();
  for (const line of lines) {
    const space = line.indexOf(' ');
    for (const name of expandNames(line.slice(0, space))) named.set(name, line.slice(space + 1));
  }
  return named;
}
