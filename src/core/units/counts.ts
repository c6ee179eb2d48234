/** A count of tokens as people write it: `512`, `32k`, `141k`. Thousands are 1000 unless the count is a multiple of 1024. */
export function formatTokens(tokens: number): string {
  if (tokens < 1000) return tokens.toFixed(0);
  const thousand = tokens % 1024 === 0 ? 1024 : 1000;
  const k = tokens / thousand;
  if (k < 1000) return `${k < 10 && !Number.isInteger(k) ? k.toFixed(1) : k.toFixed(0)}k`;
  const m = k / thousand;
  return `${m < 10 && !Number.isInteger(m) ? m.toFixed(1) : m.toFixed(0)}M`;
}

/** A parameter count: `8.03 B`, `110 M`, `1.04 T`. */
export function formatParameters(count: number): string {
  for (const [unit, size] of [
    ['T', 1e12],
    ['B', 1e9],
    ['M', 1e6],
    ['k', 1e3],
  ] as const) {
    if (count >= size) return `${(count / size).toPrecision(3)} ${unit}`;
  }
  return String(count);
}

/** A rate with two digits: `~52`, `~1.9k`, `~7`. The tilde says that it is an estimate. */
export function formatRate(perSecond: number): string {
  const digits = (value: number): string =>
    value >= 99.5 ? value.toFixed(0) : value.toPrecision(2).replace(/\.0$/, '');
  return perSecond >= 995 ? `~${digits(perSecond / 1000)}k` : `~${digits(perSecond)}`;
}

/** A duration for people: `3 s`, `12 min`, `6 h 40 min`, `2 d 4 h`. Seconds in. */
export function formatDuration(seconds: number): string {
  if (seconds < 1) return `${(seconds * 1000).toFixed(0)} ms`;
  if (seconds < 90) return `${seconds.toFixed(0)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}
