import type { Span } from '../core/units/span';

/** A replacement that the user typed: `removed` characters at `offset` became `added` characters. */
export interface TypedChange {
  readonly offset: number;
  readonly removed: number;
  readonly added: number;
}

/**
 * Where a span of an older text stands now. A change before it moves it, one after it does not, one across it takes the
 * ends to the edges of what replaced it: good enough to keep a lens on its line while the text is being typed.
 */
export function trackSpan(span: Span, changes: readonly TypedChange[]): Span {
  return changes.reduce<Span>(({ start, end }, change) => {
    const movedStart = start < change.offset ? start : behind(start, change);
    const movedEnd = end <= change.offset ? end : behind(end, change);
    return { start: Math.min(movedStart, movedEnd), end: movedEnd };
  }, span);
}

/** Where an offset at or behind the start of a change stands after it. */
function behind(offset: number, { offset: at, removed, added }: TypedChange): number {
  return offset >= at + removed ? offset + added - removed : at + Math.min(offset - at, added);
}
