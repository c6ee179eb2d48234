/** The options that every command with a result has. */
export interface OutputOptions {
  readonly json?: boolean;
  readonly pretty?: boolean;
}

/** Whether JSON was asked for: `--pretty` alone means it too. */
export function wantsJson(options: OutputOptions): boolean {
  return options.json === true || options.pretty === true;
}

/** A document as the command line prints it: on one line, or indented for people. */
export function formatJson(document: unknown, options: OutputOptions = {}): string {
  return `${JSON.stringify(document, null, options.pretty === true ? 2 : 0)}\n`;
}

/** Prints a result document on standard output. */
export function printJson(document: unknown, options: OutputOptions = {}): void {
  process.stdout.write(formatJson(document, options));
}

/** Prints a result for people on standard output; a line break is added where there is none. */
export function printText(text: string): void {
  process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
}

/** Prints a message or progress on standard error, so that standard output holds the result alone. */
export function printMessage(text: string): void {
  process.stderr.write(text.endsWith('\n') ? text : `${text}\n`);
}

/**
 * Rows as aligned columns, two blanks apart; the last column is not padded.
 * A column named in `right` (by index) is aligned at its right side, as numbers are.
 */
export function alignColumns(rows: readonly (readonly string[])[], right: readonly number[] = []): string {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, column) => (widths[column] = Math.max(widths[column] ?? 0, cell.length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => {
          if (right.includes(column)) return cell.padStart(widths[column] ?? 0);
          return column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0);
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
