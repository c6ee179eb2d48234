/** Names that belong to the person or the machine, to be taken out of texts. */
export interface KnownNames {
  readonly users: readonly string[];
  readonly hosts: readonly string[];
}

/** Replaces what identifies a machine or a person: the same text is replaced by the same stand-in, so that joins still hold. */
export interface Mask {
  text(text: string): string;
  /** Every text inside plain data. */
  data<T>(value: T): T;
}

/** Names that say nothing, and occur in paths of every machine. */
const common = new Set([
  'root',
  'user',
  'users',
  'admin',
  'node',
  'host',
  'localhost',
  'localdomain',
  'linux',
]);

/** A mask for serial numbers, UUIDs (`GPU-…` and `MIG-…` too), long ids of containers, home folders, and the names that are known. */
export function createMask(names: KnownNames): Mask {
  const stands = new Map<string, string>();
  const standIn = (original: string, prefix: string, write: (count: number) => string): string => {
    const known = stands.get(original.toLowerCase());
    if (known !== undefined) return known;
    const count = [...stands.keys()].filter((key) => key.startsWith(`${prefix}:`)).length;
    const replacement = write(count);
    stands.set(original.toLowerCase(), replacement);
    stands.set(`${prefix}:${count}`, replacement);
    return replacement;
  };
  const uuid = (count: number): string => `00000000-0000-0000-0000-${String(count).padStart(12, '0')}`;
  const secrets = [
    ...names.users.map((name) => ({ name, stand: 'user' })),
    ...names.hosts.map((name) => ({ name, stand: 'host' })),
  ].filter(({ name }) => name.length >= 2 && !common.has(name.toLowerCase()));

  const text = (original: string): string => {
    let masked = original
      .replace(/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/giu, (id) => standIn(id, 'uuid', uuid))
      // A beginning of an id, as CUDA_VISIBLE_DEVICES takes it, stands for the whole.
      .replace(/\b(GPU|MIG)-([0-9a-f]{4,8})(?![0-9a-f-])/giu, (_, kind: string, start: string) => {
        const whole = [...stands.keys()].find((key) => key.startsWith(start.toLowerCase()));
        return `${kind}-${whole === undefined ? standIn(start, 'uuid', uuid) : (stands.get(whole) ?? '')}`;
      })
      .replace(/\b[0-9a-f]{32,64}\b/giu, (id) => standIn(id, 'id', (count) => `id${count}`))
      .replace(/(\bserial(?:[ _-]?(?:number|num|no))?["']?\s*[:=]\s*["']?)([\w-]{4,})/giu, '$1masked')
      .replace(/\b(unique_id|hive_id)(\s+)\d{4,}/gu, '$1$20')
      .replace(
        /((?:^|[\\/])(?:home|users)[\\/])([^\\/\s:"',]+)/gimu,
        (whole, before: string, name: string) => (common.has(name.toLowerCase()) ? whole : `${before}user`),
      )
      .replace(/\buser-\d+\.slice\b/gu, 'user-1000.slice');
    for (const { name, stand } of secrets)
      masked = masked.replace(new RegExp(`(?<![\\w-])${escapeRegExp(name)}(?![\\w-])`, 'giu'), stand);
    return masked;
  };
  const data = (value: unknown): unknown => {
    if (typeof value === 'string') return text(value);
    if (Array.isArray(value)) return value.map(data);
    if (typeof value === 'object' && value !== null)
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, data(inner)]));
    return value;
  };
  return { text, data: <T>(value: T) => data(value) as T };
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/gu, '\\$&');
}
