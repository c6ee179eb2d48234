/** Characters of the text that are compared: a longer one is near nothing. */
const longestCompared = 40;

/**
 * The names that are least edits away from a text, nearest first: what an error message offers.
 * Case, blanks and punctuation do not count.
 */
export function nearestNames(text: string, names: readonly string[], count: number): string[] {
  return byDistance(text, names)
    .slice(0, count)
    .map(({ name }) => name);
}

/** The nearest of the names with its distance: 0 = equal but for case, blanks and punctuation, 1 = nothing in common. */
export function nearestName(
  text: string,
  names: readonly string[],
): { readonly name: string; readonly distance: number } | null {
  return byDistance(text, names)[0] ?? null;
}

function byDistance(text: string, names: readonly string[]): { name: string; distance: number }[] {
  const wanted = compact(text).slice(0, longestCompared);
  return names
    .map((name) => ({ name, distance: relativeDistance(wanted, compact(name)) }))
    .sort((a, b) => a.distance - b.distance);
}

/** Edits (insert, delete, replace one character) between two texts over the length of the longer: 0 = equal, 1 = nothing in common. */
export function relativeDistance(a: string, b: string): number {
  const longer = Math.max(a.length, b.length);
  return longer === 0 ? 0 : editDistance(a, b) / longer;
}

function compact(text: string): string {
  return text.toLowerCase().replace(/[^\p{Letter}\p{Number}]/gu, '');
}

/** Levenshtein's distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    let left = i;
    row = row.map((above, j) => {
      if (j === 0) return i;
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      left = Math.min(replaced, above + 1, left + 1);
      return left;
    });
  }
  return row[b.length] ?? 0;
}
