/** Texts longer than this are refused before they are read: real configs are below 1 MB, data files are not configs. */
export const MAX_CONFIG_BYTES = 8 * 2 ** 20;

/** YAML takes about a microsecond per character to parse, so that its limit is lower. */
export const MAX_YAML_CHARACTERS = 2 ** 20;

/** Nesting beyond this is no config; both parsers recurse and would exhaust the stack. */
export const MAX_DEPTH = 128;

/** YAML documents read from one text. */
export const MAX_DOCUMENTS = 64;

/** Nodes that aliases and merges may add to a tree: a few lines of aliases of aliases can stand for billions. */
export const MAX_ALIASED_NODES = 50_000;
