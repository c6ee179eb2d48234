/**
 * Text of a file as literal Markdown, for the middle of a line: a key or value of someone else's file must not become a
 * link, a table cell, emphasis or HTML in a hover that may run our commands.
 */
export function escapeMarkdown(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(/[\\`*_[\]|~]|(?<=\])\(/g, '\\$&')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;');
}

export type Align = 'left' | 'right' | 'center';

const rules: Readonly<Record<Align, string>> = { left: ':--', right: '--:', center: ':-:' };

/** A Markdown table, one alignment a column. Cells are Markdown already. */
export function markdownTable(
  align: readonly Align[],
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  return [head, align.map((each) => rules[each]), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}
