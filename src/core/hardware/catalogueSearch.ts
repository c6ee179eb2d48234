import { nearestNames } from '../units/nearest';
import { accelerators } from './catalogue.generated';
import type { CatalogueEntry } from './catalogueEntry';
import { displayName } from './catalogueNames';

/** An entry with one of the memory sizes that it is sold with; null where the catalogue knows no size. */
export interface CatalogueVariant {
  readonly entry: CatalogueEntry;
  readonly sizeGiB: number | null;
}

export type SearchOutcome =
  | {
      readonly found: CatalogueVariant;
      readonly alternatives: readonly CatalogueVariant[];
      /** Parts of the name that the entry does not explain. */
      readonly unread: readonly string[];
    }
  | { readonly found: null; readonly nearest: readonly string[] };

/** How a board is built. The order is the one in which a name that does not say it is read. */
const forms = ['sxm', 'nvl', 'pcie', 'server', 'maxq', 'laptop'] as const;
type Form = (typeof forms)[number];

/** Vendors, families and filler: they tell no two products of the catalogue apart. */
const ignoredWords = new Set(
  (
    'nvidia geforce amd ati radeon instinct intel apple tesla quadro google gpu gpus graphics generation edition ' +
    'workstation corporation inc processor card accelerator data center datacenter series w with'
  ).split(' '),
);

/** Model lines that number independently: an RX 6800 is no RTX 6800. */
const seriesWords = new Set(['rtx', 'gtx', 'rx', 'arc']);

/** Words that many products share and that therefore name none. */
const sharedWords = new Set('jetson ultra super blackwell ryzen spark'.split(' '));

const mostAlternatives = 8;

/** A run of letters or of digits, with the number of the token that it stood in. */
interface Piece {
  readonly text: string;
  readonly token: number;
}

/** A name taken apart. */
interface Description {
  readonly pieces: readonly Piece[];
  /** The pieces by token. */
  readonly words: readonly (readonly Piece[])[];
  readonly forms: ReadonlySet<Form>;
  readonly series: ReadonlySet<string>;
  readonly sizes: readonly number[];
  readonly cores: readonly number[];
  readonly memoryTypes: readonly string[];
}

function describe(name: string): Description {
  const sizes: number[] = [];
  const cores: number[] = [];
  const memoryTypes: string[] = [];
  const rest = name
    .toLowerCase()
    .replace(/\((?:r|tm|c)\)|[®™©]/gu, ' ')
    .replace(/max-?q\b/gu, 'maxq')
    .replace(/\bpci-?e\b/gu, 'pcie')
    .replace(/\b(\d+)(?:[\s-]*cores?|c)\b/gu, (_, count: string) => {
      cores.push(Number(count));
      return ' ';
    })
    .replace(/\b(?:hbm\d?e?|gddr\d+x?|lpddr\d*x?)\b/gu, (type) => {
      memoryTypes.push(type);
      return ' ';
    })
    // "80GB" may follow letters directly, "80 GB" and "80G" must stand alone: the 10G of A10G is no size.
    .replace(
      /(?<![a-z0-9])(\d{1,4})\s*(?:gib|gb|g)(?![a-z0-9])|(\d{1,4})gi?b(?![a-z0-9])/gu,
      (_, alone?: string, glued?: string) => {
        sizes.push(Number(alone ?? glued));
        return ' ';
      },
    );

  const all: Piece[] = rest
    .split(/[^a-z0-9]+/u)
    .filter((token) => token !== '' && !ignoredWords.has(token))
    .flatMap((token, index) => (token.match(/[a-z]+|\d+/gu) ?? []).map((text) => ({ text, token: index })));
  const found = new Set<Form>();
  const series = new Set<string>();
  const pieces = all.filter((piece, position) => {
    const form = formOf(piece.text);
    if (form !== null) found.add(form);
    // SXM2, SXM4 and SXM5 are all SXM.
    const before = all[position - 1];
    const generation = before?.text === 'sxm' && before.token === piece.token && /^\d$/u.test(piece.text);
    return form === null && !generation;
  });
  const numbered = pieces.some(({ text }) => /\d/u.test(text));
  const naming = pieces.filter(({ text }) => {
    if (!numbered || !seriesWords.has(text)) return true;
    series.add(text);
    return false;
  });
  return {
    pieces: naming,
    words: words(naming),
    forms: found,
    series,
    sizes,
    cores,
    memoryTypes,
  };
}

function formOf(word: string): Form | null {
  if (word === 'mobile' || word === 'notebook') return 'laptop';
  return forms.find((form) => form === word) ?? null;
}

function words(pieces: readonly Piece[]): Piece[][] {
  const byToken = new Map<number, Piece[]>();
  for (const piece of pieces) {
    const word = byToken.get(piece.token);
    if (word === undefined) byToken.set(piece.token, [piece]);
    else word.push(piece);
  }
  return [...byToken.values()];
}

interface IndexedEntry {
  readonly entry: CatalogueEntry;
  readonly order: number;
  readonly aliases: readonly Description[];
  readonly vocabulary: ReadonlySet<string>;
  readonly form: Form | null;
}

let built: readonly IndexedEntry[] | null = null;

function index(): readonly IndexedEntry[] {
  built ??= accelerators.map((entry, order) => {
    const names = [entry.id, entry.name.replace(/\([^)]*\)/gu, ' '), ...entry.aliases];
    const aliases = names.map(describe).filter((alias) => alias.pieces.length > 0);
    const stated = new Set(aliases.flatMap((alias) => [...alias.forms]));
    return {
      entry,
      order,
      aliases,
      vocabulary: new Set(aliases.flatMap((alias) => alias.pieces.map(({ text }) => text))),
      form: forms.find((form) => stated.has(form)) ?? null,
    };
  });
  return built;
}

/**
 * Positions of `text` that the words use, or null when a word is missing. A token of `text` is used whole or not at all:
 * `W6800` is no `6800`.
 */
function cover(text: readonly Piece[], wanted: Description['words']): ReadonlySet<number> | null {
  const used = new Set<number>();
  for (const word of wanted) {
    const start = text.findIndex((_, position) =>
      word.every(
        (piece, offset) => text[position + offset]?.text === piece.text && !used.has(position + offset),
      ),
    );
    if (start === -1) return null;
    word.forEach((_, offset) => used.add(start + offset));
  }
  const tokens = new Set([...used].map((position) => text[position]?.token));
  return text.some(({ token }, position) => tokens.has(token) && !used.has(position)) ? null : used;
}

/** Pieces of an alias that a shorter text leaves out (`MI300` of `MI300X`), or null when the text is no part of the alias. */
function missingFrom(alias: readonly Piece[], text: Description['words']): number | null {
  const used = new Set<number>();
  for (const word of text) {
    const start = alias.findIndex(
      (piece, position) =>
        alias[position - 1]?.token !== piece.token &&
        word.every((wanted, offset) => alias[position + offset]?.text === wanted.text),
    );
    if (start === -1) return null;
    word.forEach((_, offset) => used.add(start + offset));
  }
  return alias.length - used.size;
}

interface Candidate extends CatalogueVariant {
  readonly indexed: IndexedEntry;
  /** Larger is closer: pieces of the name that the entry explains, or (negative) pieces that the name leaves out. */
  readonly closeness: number;
  /** Pieces that the entry does not explain. */
  readonly leftover: number;
  /** What the name asks for and the variant is not. */
  readonly contradictions: number;
  readonly driverName: boolean;
}

/** The names that the entry does not explain by any of its aliases. */
function unexplained(query: Description, indexed: IndexedEntry): string[] {
  return query.pieces.filter(({ text }) => !indexed.vocabulary.has(text)).map(({ text }) => text);
}

function closenessOf(query: Description, indexed: IndexedEntry, partial: boolean): number | null {
  let best: number | null = null;
  for (const alias of indexed.aliases) {
    if (alias.series.size > 0 && query.series.size > 0 && ![...alias.series].some((s) => query.series.has(s)))
      continue;
    const score = partial
      ? negative(missingFrom(alias.pieces, query.words))
      : (cover(query.pieces, alias.words)?.size ?? null);
    if (score !== null && (best === null || score > best)) best = score;
  }
  return best;
}

function negative(value: number | null): number | null {
  return value === null ? null : -value;
}

function contradictions(query: Description, indexed: IndexedEntry, sizeGiB: number | null): number {
  const { entry, form } = indexed;
  let count = 0;
  if (query.sizes.length > 0) {
    if (sizeGiB === null || !query.sizes.includes(sizeGiB)) count += 1;
    // Unified memory is what the machine was ordered with: a size that is not listed is possible, a listed one is likelier.
    else if (!entry.optionsGiB.includes(sizeGiB)) count += 0.5;
  }
  if (entry.gpuCores !== null && query.cores.length > 0 && !query.cores.includes(entry.gpuCores)) count += 1;
  if (query.forms.size > 0 && (form === null || !query.forms.has(form)))
    count += query.forms.has('laptop') || form === 'laptop' ? 3 : 1;
  if (query.memoryTypes.length > 0 && !query.memoryTypes.includes(entry.memoryType.toLowerCase()))
    count += 0.25;
  return count;
}

function formRank(form: Form | null): number {
  return form === null ? 0 : forms.indexOf(form);
}

function compare(a: Candidate, b: Candidate): number {
  return (
    b.closeness - a.closeness ||
    a.leftover - b.leftover ||
    a.contradictions - b.contradictions ||
    Number(b.driverName) - Number(a.driverName) ||
    formRank(a.indexed.form) - formRank(b.indexed.form) ||
    (b.sizeGiB ?? 0) - (a.sizeGiB ?? 0) ||
    a.indexed.order - b.indexed.order
  );
}

/** Whether the text says anything that names a product: a number, or a word that few products share. */
function namesSomething(query: Description): boolean {
  return query.pieces.some(({ text }) => /\d/u.test(text) || (text.length >= 4 && !sharedWords.has(text)));
}

function candidatesFor(name: string, query: Description, partial: boolean): Candidate[] {
  const list: Candidate[] = [];
  for (const indexed of index()) {
    const closeness = closenessOf(query, indexed, partial);
    if (closeness === null) continue;
    const { entry } = indexed;
    const driverName = entry.driverName !== null && new RegExp(entry.driverName, 'iu').test(name.trim());
    for (const sizeGiB of sizesFor(entry, query)) {
      list.push({
        entry,
        sizeGiB,
        indexed,
        closeness,
        leftover: unexplained(query, indexed).length,
        contradictions: contradictions(query, indexed, sizeGiB),
        driverName,
      });
    }
  }
  return list.sort(compare);
}

/** The sizes to choose from. On unified parts a size that the text names sets the memory, unless their own name has one. */
function sizesFor(entry: CatalogueEntry, query: Description): readonly (number | null)[] {
  const asked = query.sizes.filter((size) => size > 0);
  const free = entry.memory === 'unified' && !/\d+GB$/u.test(entry.name);
  if (free && asked.length > 0 && !asked.some((size) => entry.optionsGiB.includes(size))) return asked;
  return entry.optionsGiB.length === 0 ? [null] : entry.optionsGiB;
}

/**
 * Finds the product that a name means: a catalogue id, a catalogue name or a driver's name. Case, punctuation, vendor words and
 * extra words do not count; a size, a core count, a memory type or a form factor anywhere in it picks among variants. The
 * closest name wins, then what contradicts the text least, then SXM before NVL before PCIe before laptop, then the larger
 * memory. A name that is only the beginning of others (`RX 7900`) stands for the one that adds least.
 */
export function searchCatalogue(name: string): SearchOutcome {
  const query = describe(name);
  for (const partial of namesSomething(query) ? [false, true] : [false]) {
    const [best, ...others] = candidatesFor(name, query, partial);
    if (best === undefined) continue;
    const equals = others.filter(
      (other) => other.closeness === best.closeness && other.leftover === best.leftover,
    );
    // The name may also be the beginning of a longer one: "RTX 6000" of "RTX 6000 Ada".
    const longer = partial ? [] : candidatesFor(name, query, true).filter((other) => other.closeness === -1);
    return {
      found: best,
      // What contradicts the text more than the winner was not meant.
      alternatives: [...equals, ...longer]
        .filter((other) => other.contradictions <= best.contradictions)
        .slice(0, mostAlternatives),
      unread: partial ? [name] : unexplained(query, best.indexed),
    };
  }
  const names = new Map(
    accelerators.flatMap((entry) =>
      [entry.id, entry.name, ...entry.aliases].map((alias): [string, CatalogueEntry] => [alias, entry]),
    ),
  );
  const nearest = new Set<string>();
  for (const alias of nearestNames(name, [...names.keys()], 24)) {
    const entry = names.get(alias);
    if (entry !== undefined && nearest.size < 3) nearest.add(displayName(entry, entry.ratedGiB));
  }
  return { found: null, nearest: [...nearest] };
}

/** The variant that a name means without any doubt: every word of it is explained, and nothing else could be meant. */
export function exactlyNamed(name: string): CatalogueVariant | null {
  const outcome = searchCatalogue(name);
  if (outcome.found === null || outcome.unread.length > 0 || outcome.alternatives.length > 0) return null;
  return outcome.found;
}
