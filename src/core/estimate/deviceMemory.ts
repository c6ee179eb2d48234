import { weakest, type Origin } from '../units/origin';
import { largest, rounded, sum, zero, type Range } from '../units/range';
import type { DeviceMemory, HostMemory, MemoryTerm, Phase, TermName } from './memoryEstimate';

/** An addend at one instant, before rounding. Drafts of one name and component are added up. */
export interface TermDraft {
  readonly name: TermName;
  readonly component: string;
  readonly bytes: Range;
  readonly origin: Origin;
}

/** What is alive at one moment of a job. The device's peak is the largest of its instants. */
export interface Instant {
  readonly phase: Phase;
  readonly terms: readonly TermDraft[];
}

/** A term of the main component. A plain number is known exactly up to its origin. */
export function draft(
  name: TermName,
  bytes: Range | number,
  origin: Origin = 'formula',
  component = 'main',
): TermDraft {
  const value = typeof bytes === 'number' ? { low: bytes, expected: bytes, high: bytes } : bytes;
  return { name, component, bytes: value, origin };
}

/** Bytes of an instant. */
export function instantBytes(instant: Instant): Range {
  return sum(...instant.terms.map((term) => term.bytes));
}

interface Parts {
  readonly device: string;
  readonly ranks: number;
  readonly instants: readonly Instant[];
  /** Reserved minus allocated at the peak; gets the peak instant. */
  readonly fragmentation: (peak: Instant) => Range;
  /** Context and libraries' own, outside the framework's allocator. */
  readonly runtime: TermDraft;
  /** Blocks that wait for another stream: active minus allocated. */
  readonly waiting?: Range;
}

/**
 * Folds the instants of a device into the figures of the contract. The peak is the instant that is largest; `bytes` of a
 * term is what is alive then, `size` the most it ever is. Terms are rounded first and summed after, so that the identities
 * (sum of all but fragmentation and runtime = allocated; + fragmentation = reserved; + runtime = device) hold to the byte.
 */
export function deviceMemory(parts: Parts): DeviceMemory {
  const peak = raisedLow(largestInstant(parts.instants), parts.instants);
  const merged = new Map<string, { draft: TermDraft; size: Range }>();
  for (const instant of parts.instants) {
    for (const [key, term] of mergeTerms(instant.terms)) {
      const known = merged.get(key);
      merged.set(key, {
        draft: known ? { ...term, origin: weakest(known.draft.origin, term.origin) } : term,
        size: known ? largest(known.size, term.bytes) : term.bytes,
      });
    }
  }
  const alive = mergeTerms(peak.terms);
  const terms: MemoryTerm[] = [];
  for (const [key, { draft: term, size }] of merged) {
    if (size.high <= 0) continue;
    terms.push({
      name: term.name,
      component: term.component,
      bytes: rounded(alive.get(key)?.bytes ?? zero),
      size: rounded(size),
      origin: term.origin,
    });
  }
  const allocatedPeak = sum(...terms.map((term) => term.bytes));
  const fragmentation = rounded(reachingAll(parts.fragmentation(peak), peak, parts.instants));
  const runtime = rounded(parts.runtime.bytes);
  const reservedPeak = sum(allocatedPeak, fragmentation);
  if (fragmentation.high > 0)
    terms.push({
      name: 'fragmentation',
      component: 'main',
      bytes: fragmentation,
      size: fragmentation,
      origin: 'assumed',
    });
  if (runtime.high > 0)
    terms.push({
      name: 'runtime',
      component: parts.runtime.component,
      bytes: runtime,
      size: runtime,
      origin: parts.runtime.origin,
    });
  return {
    device: parts.device,
    ranks: parts.ranks,
    phase: peak.phase,
    terms,
    allocatedPeak,
    activePeak: sum(allocatedPeak, rounded(parts.waiting ?? zero)),
    reservedPeak,
    devicePeak: sum(reservedPeak, runtime),
  };
}

/** Host memory: everything is alive at once. */
export function hostMemory(drafts: readonly TermDraft[]): HostMemory {
  const terms: MemoryTerm[] = [];
  for (const term of mergeTerms(drafts).values()) {
    const bytes = rounded(term.bytes);
    if (bytes.high > 0)
      terms.push({ name: term.name, component: term.component, bytes, size: bytes, origin: term.origin });
  }
  return { terms, peak: sum(...terms.map((term) => term.bytes)) };
}

/**
 * Every instant comes to pass, so that the peak's lower end is no lower than any instant's: the terms of the peak that are least sure are
 * raised, none above what is expected of it.
 */
function raisedLow(peak: Instant, instants: readonly Instant[]): Instant {
  let missing = Math.max(...instants.map((instant) => instantBytes(instant).low)) - instantBytes(peak).low;
  if (missing <= 0) return peak;
  const terms = [...peak.terms];
  const byDoubt = terms
    .map((term, index) => ({ index, room: term.bytes.expected - term.bytes.low }))
    .sort((a, b) => b.room - a.room);
  for (const { index, room } of byDoubt) {
    const term = terms[index];
    if (term === undefined) continue;
    const raise = Math.min(room, missing);
    terms[index] = { ...term, bytes: { ...term.bytes, low: term.bytes.low + raise } };
    missing -= raise;
  }
  return { ...peak, terms };
}

/** What was reserved stays reserved, so that the upper end covers every other instant's upper end. */
function reachingAll(fragmentation: Range, peak: Instant, instants: readonly Instant[]): Range {
  const most = Math.max(...instants.map((instant) => instantBytes(instant).high));
  const beyond = most - instantBytes(peak).high;
  return { ...fragmentation, high: Math.max(fragmentation.high, fragmentation.expected + beyond) };
}

function largestInstant(instants: readonly Instant[]): Instant {
  let best: Instant = { phase: 'load', terms: [] };
  let most = -1;
  for (const instant of instants) {
    const { expected } = instantBytes(instant);
    if (expected > most) {
      most = expected;
      best = instant;
    }
  }
  return best;
}

function mergeTerms(drafts: readonly TermDraft[]): Map<string, TermDraft> {
  const merged = new Map<string, TermDraft>();
  for (const term of drafts) {
    const key = `${term.name} ${term.component}`;
    const known = merged.get(key);
    merged.set(
      key,
      known
        ? { ...known, bytes: sum(known.bytes, term.bytes), origin: weakest(known.origin, term.origin) }
        : term,
    );
  }
  return merged;
}
