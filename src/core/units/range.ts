/**
 * A quantity that is not known to the last digit: the interval one would bet 9:1 on, with the most likely value in it.
 * `low <= expected <= high` always holds.
 */
export interface Range {
  readonly low: number;
  readonly expected: number;
  readonly high: number;
}

export const zero: Range = { low: 0, expected: 0, high: 0 };

/** A value that is known exactly. */
export function exactly(value: number): Range {
  return { low: value, expected: value, high: value };
}

/** A Range from its three figures; they are sorted, so that the invariant holds whatever the caller's rounding did. */
export function range(low: number, expected: number, high: number): Range {
  return { low: Math.min(low, expected, high), expected, high: Math.max(low, expected, high) };
}

/** `expected` with relative margins: `spread(100, 0.1, 0.2)` is 90 .. 100 .. 120. */
export function spread(expected: number, below: number, above: number): Range {
  return range(expected * (1 - below), expected, expected * (1 + above));
}

/** Sum of independent or dependent terms. The ends are added, which is the cautious reading: errors are taken to agree. */
export function sum(...ranges: readonly Range[]): Range {
  let low = 0;
  let expected = 0;
  let high = 0;
  for (const r of ranges) {
    low += r.low;
    expected += r.expected;
    high += r.high;
  }
  return { low, expected, high };
}

/** `r` times a factor of either sign. */
export function scale(r: Range, factor: number): Range {
  return range(r.low * factor, r.expected * factor, r.high * factor);
}

/** The larger of two, end by end: a peak over phases. */
export function largest(...ranges: readonly Range[]): Range {
  return {
    low: Math.max(...ranges.map((r) => r.low)),
    expected: Math.max(...ranges.map((r) => r.expected)),
    high: Math.max(...ranges.map((r) => r.high)),
  };
}

/** Quotient of a number by a Range (units of work over a rate): low and high change places. */
export function divide(numerator: number, r: Range): Range {
  return range(numerator / r.high, numerator / r.expected, numerator / r.low);
}

/** Integers, as bytes are shown: low rounded down, high rounded up. */
export function rounded(r: Range): Range {
  return { low: Math.floor(r.low), expected: Math.round(r.expected), high: Math.ceil(r.high) };
}
