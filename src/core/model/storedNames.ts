import type { Blueprint } from './blueprint';

/** The library's tensor that one of a checkpoint belongs to. */
export interface NameMatch {
  readonly name: string;
  /** It is that tensor, not a part of it. */
  readonly whole: boolean;
}

export type NameMatcher = (stored: string) => NameMatch | null;

/**
 * Matches the names of a checkpoint with those of the library: experts spelled out, with the base model's prefix there or
 * not, and parts of a quantised matrix (`qweight`, `weight.absmax`, `weight_scale`) counted for its weight.
 */
export function matcherOf(blueprint: Blueprint, stored: readonly string[]): NameMatcher {
  const names = storedNames(blueprint);
  const rename = bestPrefix(blueprint, stored, names);
  return (name) => matchOf(rename(name), names);
}

type Names = ReadonlyMap<string, NameMatch>;

/** Stored name -> library name: experts spelled out. */
function storedNames(blueprint: Blueprint): Names {
  const names = new Map<string, NameMatch>();
  for (const { name, stored } of blueprint.tensors) {
    names.set(name, { name, whole: true });
    for (const form of stored ?? []) {
      if (form.count === null) names.set(form.name, { name, whole: stored?.length === 1 });
      else
        for (let expert = 0; expert < form.count; expert++)
          names.set(form.name.replace('{}', String(expert)), { name, whole: false });
    }
  }
  return names;
}

/** The library tensor that a stored one belongs to: itself, or the weight of the module it stands in. */
function matchOf(stored: string, names: Names): NameMatch | null {
  const direct = names.get(stored);
  if (direct !== undefined) return direct;
  const cut = stored.lastIndexOf('.');
  if (cut === -1) return null;
  const module = stored.slice(0, cut);
  // `….weight.absmax`, `….gate_up_proj_blocks` and `….weight_scale` in turn.
  const holder =
    names.get(module) ??
    names.get(`${module}.weight`) ??
    names.get(stored.replace(/_(blocks|scales|scale_inv|scale)$/u, ''));
  return holder === undefined ? null : { name: holder.name, whole: false };
}

/** Checkpoints of a task class may lack the base model's prefix, and the other way round: whichever matches most. */
function bestPrefix(blueprint: Blueprint, stored: readonly string[], names: Names): (name: string) => string {
  const prefixes = new Set<string>();
  for (const { name } of blueprint.tensors) prefixes.add(name.slice(0, name.indexOf('.') + 1));
  const theirs = new Set(stored.map((name) => name.slice(0, name.indexOf('.') + 1)));
  const candidates: ((name: string) => string)[] = [
    (name) => name,
    ...[...prefixes].slice(0, 4).map((prefix) => (name: string) => prefix + name),
    ...[...theirs]
      .slice(0, 4)
      .map((prefix) => (name: string) => (name.startsWith(prefix) ? name.slice(prefix.length) : name)),
  ];
  // A sample is enough to tell which prefix is right, and keeps a hundred thousand experts quick.
  const step = Math.ceil(stored.length / 256);
  const sample = stored.filter((_, index) => index % step === 0);
  let best = candidates[0] ?? ((name: string): string => name);
  let most = -1;
  for (const candidate of candidates) {
    const matched = sample.filter((name) => matchOf(candidate(name), names) !== null).length;
    if (matched > most) {
      most = matched;
      best = candidate;
    }
  }
  return best;
}
