import type { ParsedText, Syntax } from './configNode';
import { parseJson } from './parseJson';
import { parseYaml } from './parseYaml';

/** Syntax that a file is written in, by its name and, where that says nothing, by how it begins. */
export function syntaxOf(text: string, path: string): Syntax {
  if (/\.jsonc?$/i.test(path)) return 'json';
  if (/\.ya?ml$/i.test(path)) return 'yaml';
  return /^\uFEFF?\s*[{[]/.test(text) ? 'json' : 'yaml';
}

/** Parses a configuration text, tolerantly: errors are in `problems`, nothing is thrown. */
export function parseText(text: string, path: string): ParsedText {
  return syntaxOf(text, path) === 'json' ? parseJson(text) : parseYaml(text);
}
