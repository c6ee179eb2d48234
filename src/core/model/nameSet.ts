/** FNV-1a over the characters. */
export function hashOf(text: string, from: number, end: number): number {
  let hash = 0x811c9dc5 | 0;
  for (let at = from; at < end; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash;
}

/** Names that are compared with one before it is left to a real Set: more were made to collide. */
const MOST_PROBES = 64;

/** Names by a hash table of fixed size: a Set would hash them again, and grow seventeen times. */
export class NameSet {
  readonly names: string[] = [];
  private readonly hashes: Int32Array;
  /** Index into `names` + 1; 0 = free. */
  private readonly slots: Int32Array;

  /** `most` is the largest number of names that it takes. */
  constructor(most: number) {
    this.hashes = new Int32Array(most);
    this.slots = new Int32Array(2 ** Math.ceil(Math.log2(2 * most)));
  }

  /** False when the name is there already, or cannot be told apart quickly. */
  add(name: string, hash: number): boolean {
    const { names, hashes, slots } = this;
    if (names.length >= hashes.length) return false;
    const mask = slots.length - 1;
    let slot = hash & mask;
    for (let probe = 0; probe < MOST_PROBES; probe++) {
      const taken = slots[slot] ?? 0;
      if (taken === 0) {
        hashes[names.length] = hash;
        names.push(name);
        slots[slot] = names.length;
        return true;
      }
      if (hashes[taken - 1] === hash && names[taken - 1] === name) return false;
      slot = (slot + 1) & mask;
    }
    return false;
  }
}
