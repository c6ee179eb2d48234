import { library } from './classDefaults.generated';
import { families } from './families/index';
import type { Architecture } from './family';
import { generatedClass } from './generated/generatedClass';
import { generatedEntry, generatedNames } from './generated/generatedTable';

const byClass = new Map<string, Architecture>();
const byModelType = new Map<string, Architecture>();
for (const { architectures } of families)
  for (const architecture of architectures) {
    byClass.set(architecture.name, architecture);
    if (!byModelType.has(architecture.modelType)) byModelType.set(architecture.modelType, architecture);
  }

/** Names of the classes that families spell out. */
export function familyArchitectures(): readonly string[] {
  return [...byClass.keys()];
}

/** Names of all classes that a config can be read as. */
export function knownArchitectures(): readonly string[] {
  return [...byClass.keys(), ...generatedNames()];
}

const fromTable = new Map<string, Architecture>();

/** The class of a name: a family's, else the table's. */
export function architectureOf(name: string): Architecture | null {
  const family = byClass.get(name) ?? fromTable.get(name);
  if (family !== undefined) return family;
  const entry = generatedEntry(name);
  if (entry === null) return null;
  const made = generatedClass(name, entry, library, counterpart);
  fromTable.set(name, made);
  return made;
}

let tableTypes: ReadonlyMap<string, readonly string[]> | null = null;

/** Classes of the table by model type. */
function ofTable(modelType: string): readonly string[] {
  if (tableTypes === null) {
    const types = new Map<string, string[]>();
    for (const name of generatedNames()) {
      const type = generatedEntry(name)?.type ?? '';
      types.set(type, [...(types.get(type) ?? []), name]);
    }
    tableTypes = types;
  }
  return tableTypes.get(modelType) ?? [];
}

const preferred = /(ForCausalLM|LMHeadModel|ForConditionalGeneration)$/u;

/** The class that a model type alone stands for: the one that generates, else the base model. */
export function architectureOfType(modelType: string): Architecture | null {
  const family = byModelType.get(modelType);
  if (family !== undefined) return family;
  const names = ofTable(modelType);
  const name =
    names.find((one) => preferred.test(one)) ?? names.find((one) => one.endsWith('Model')) ?? names[0];
  return name === undefined ? null : architectureOf(name);
}

/** What a part is built with: the class itself, or that of the same kind for another model type. */
function counterpart(className: string, otherType: string | null): Architecture | null {
  if (otherType === null) return architectureOf(className);
  const kind = preferred.test(className) ? preferred : /Model$/u;
  const candidates = [...byClass.values()].filter((one) => one.modelType === otherType);
  return (
    candidates.find(({ name }) => kind.test(name)) ??
    ofTable(otherType)
      .filter((name) => kind.test(name))
      .map(architectureOf)
      .find((one) => one !== null) ??
    null
  );
}
