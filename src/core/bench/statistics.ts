/** Quantile of a sample by linear interpolation between order statistics (type 7 of Hyndman and Fan, 1996). `q` in [0, 1]; NaN for no values. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const position = (sorted.length - 1) * q;
  const below = sorted[Math.floor(position)];
  const above = sorted[Math.ceil(position)];
  if (below === undefined || above === undefined) return NaN;
  return below + (above - below) * (position - Math.floor(position));
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Seconds of one operation: the median, and what it took when the machine was quiet and when it was busy. */
export interface OperationTime {
  readonly fastest: number;
  readonly median: number;
  readonly slowest: number;
}

/**
 * Time of one operation from two chains of different length, whose runs were timed in turn.
 * (median of long - median of short) / (long - short): whatever both chains share (dispatch, upload, synchronisation) cancels.
 * The ends come from the 5th and 95th percentile: quiet runs of both are compared for the fastest, a busy run of the long chain with
 * the usual one of the short for the slowest. null when the chains cannot be told apart.
 */
export function differentialTime(
  short: { readonly chain: number; readonly seconds: readonly number[] },
  long: { readonly chain: number; readonly seconds: readonly number[] },
): OperationTime | null {
  const operations = long.chain - short.chain;
  const usual = (median(long.seconds) - median(short.seconds)) / operations;
  if (!(usual > 0)) return null;
  const quiet = (quantile(long.seconds, 0.05) - quantile(short.seconds, 0.05)) / operations;
  const busy = (quantile(long.seconds, 0.95) - median(short.seconds)) / operations;
  return {
    fastest: quiet > 0 ? Math.min(quiet, usual) : usual,
    median: usual,
    slowest: Math.max(busy, usual),
  };
}
