import type { ClassDefaults } from '../classDefaults.generated';
import type { Entry } from './entry';
import { generatedTable } from './table.generated';

/** An entry as it is stored: its rows are numbers of strings. */
type StoredEntry = Omit<Entry, 'rows'> & { readonly rows: readonly number[] };

interface Table {
  readonly strings: readonly string[];
  readonly classes: Readonly<Record<string, StoredEntry>>;
  readonly types: Readonly<Record<string, ClassDefaults>>;
}

let parsed: Table | null = null;

/** Parsed when a class is first asked for that no family knows. */
function table(): Table {
  // The text was written by JSON.stringify's like in this very shape.
  parsed ??= JSON.parse(generatedTable) as Table;
  return parsed;
}

export function generatedNames(): readonly string[] {
  return Object.keys(table().classes);
}

export function generatedEntry(name: string): Entry | null {
  const { strings, classes } = table();
  const stored = Object.hasOwn(classes, name) ? classes[name] : undefined;
  return stored === undefined ? null : { ...stored, rows: stored.rows.map((row) => strings[row] ?? '') };
}

/** Declared defaults of a model type that no family knows. */
export function generatedDefaults(modelType: string): ClassDefaults | null {
  const { types } = table();
  return Object.hasOwn(types, modelType) ? (types[modelType] ?? null) : null;
}
