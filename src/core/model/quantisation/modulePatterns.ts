import type { TensorSpec } from '../blueprint';

/** A list of patterns: what it matches, and those of its entries that could not be read. */
export interface ModulePatterns {
  readonly matches: (tensor: TensorSpec) => boolean;
  readonly unread: readonly string[];
}

/** Name of the module that holds a tensor; of stacked experts the module of all experts. */
export function moduleOf({ name, module }: TensorSpec): string {
  return module === 'experts' ? name.replace(/\.[^.]+$/, '') : name.replace(/\.(weight|bias)$/, '');
}

/**
 * Names under which quantisation configs may know the module of a tensor: the library's, and those of a checkpoint, of stacked
 * experts the first one's.
 */
export function moduleNames(tensor: TensorSpec): readonly string[] {
  const stored = (tensor.stored ?? []).map(({ name }) =>
    name.replace('{}', '0').replace(/\.(weight|bias)$/, ''),
  );
  return [...new Set([moduleOf(tensor), ...stored])];
}

/**
 * The modules that a list of transformers names (quantizers/quantizers_utils.py, `should_convert_module`): an entry is an
 * expression that matches from the start up to a module's end, or a plain suffix. The base model's prefix may be there or not.
 */
export function skipMatcher(patterns: readonly string[]): ModulePatterns {
  const plain = new Set<string>();
  const expressions: RegExp[] = [];
  const unread: string[] = [];
  for (const pattern of patterns) {
    if (pattern === '') continue;
    if (/^[\w.\-]+$/.test(pattern)) plain.add(pattern).add(withoutPrefix(pattern));
    else {
      const expression = readable(pattern, (body) => `^(?:${body})(?:(?<=\\.)|(?=\\.|$))`);
      if (expression === null) unread.push(pattern);
      else expressions.push(expression);
    }
  }
  const has = (name: string): boolean =>
    startsWithOne(name, plain) || endsWithOne(name, plain) || expressions.some((each) => each.test(name));
  return { unread, matches: remembered((name) => has(name) || has(withoutPrefix(name))) };
}

/**
 * The modules that targets name, as compressed-tensors reads them (utils/match.py): `re:…` is an expression that matches from the
 * start, `Linear` every linear module, anything else one module's name. The base model's prefix may be there or not.
 */
export function targetMatcher(targets: readonly string[]): ModulePatterns {
  const plain = new Set<string>();
  const expressions: RegExp[] = [];
  const unread: string[] = [];
  for (const target of targets) {
    if (!target.startsWith('re:')) plain.add(target).add(withoutPrefix(target));
    else {
      const expression = readable(target.slice(3), (body) => `^(?:${body})`);
      if (expression === null) unread.push(target);
      else expressions.push(expression);
    }
  }
  const named = remembered(
    (name) => plain.has(withoutPrefix(name)) || expressions.some((each) => each.test(name)),
  );
  const everyLinear = plain.has('Linear');
  return {
    unread,
    matches: (tensor) => (everyLinear && tensor.module !== 'embedding') || named(tensor),
  };
}

/** A shell pattern over whole module names as a target: `model.layers.0.self_attn*`. */
export function globTarget(pattern: string): string {
  if (!/[*?]/.test(pattern)) return pattern;
  const body = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*+/g, '.*')
    .replaceAll('?', '.');
  return `re:${body}$`;
}

/** Checkpoints and classes differ in how many of these they put before the layers. */
function withoutPrefix(name: string): string {
  return name.replace(/^(?:(?:model|language_model)\.)+/, '');
}

function startsWithOne(name: string, plain: ReadonlySet<string>): boolean {
  for (let end = name.indexOf('.'); end !== -1; end = name.indexOf('.', end + 1))
    if (plain.has(name.slice(0, end)) || plain.has(name.slice(0, end + 1))) return true;
  return plain.has(name);
}

function endsWithOne(name: string, plain: ReadonlySet<string>): boolean {
  for (let start = 0; start < name.length; start++) if (plain.has(name.slice(start))) return true;
  return false;
}

/** A model has many tensors of one module, and lists are asked about each of them. */
function remembered(test: (name: string) => boolean): (tensor: TensorSpec) => boolean {
  const answers = new Map<string, boolean>();
  return (tensor) =>
    moduleNames(tensor).some((name) => {
      const known = answers.get(name) ?? test(name);
      answers.set(name, known);
      return known;
    });
}

const LONGEST = 400;
const MOST_REPEATS = 8;

/**
 * An expression of a config as ours; null for one that is no expression in this dialect or that could run for long: a repeated
 * group with a repeat inside it, or too many repeats. What is no expression at all (`*mlp*`) is taken for a shell pattern.
 */
function readable(source: string, around: (body: string) => string): RegExp | null {
  if (source.length > LONGEST) return null;
  const body = /^[*?]/.test(source) ? source.replaceAll('.', '\\.').replace(/\*+/g, '.*') : source;
  if (isSlow(body)) return null;
  try {
    return new RegExp(around(body));
  } catch {
    return null;
  }
}

function isSlow(body: string): boolean {
  const text = body.replace(/\\./g, 'x').replace(/\[[^\]]*\]/g, 'x');
  if (/\\[1-9]/.test(body)) return true;
  const repeats = text.match(/[*+]|\{/g)?.length ?? 0;
  if (repeats > MOST_REPEATS) return true;
  // From the inside out: a group without a repeat is a letter, one with a repeat must not be repeated itself.
  let rest = text;
  for (;;) {
    const next = rest.replace(/\((?:\?[:=!<][=!]?)?([^()]*)\)(?![*+{])/g, (_, inner: string) =>
      /[*+{]/.test(inner) ? 'x*' : 'x',
    );
    const flat = next.replace(/\((?:\?[:=!<][=!]?)?([^()*+{]*)\)/g, 'x');
    if (flat === rest) break;
    rest = flat;
  }
  return /[()]/.test(rest);
}
