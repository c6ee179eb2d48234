import { CommanderError } from 'commander';

/** Exit codes of the command line: see README. 1 is `check`'s alone, and no failure. */
export const exitCode = { done: 0, exceeds: 1, usage: 2, internal: 3 } as const;

/**
 * Something that the user can put right: bad usage or unreadable input. The message is one sentence that names the file, the
 * key, the value and what was expected; the program ends with exit code 2.
 */
export class CliFailure extends Error {
  override readonly name = 'CliFailure';
}

/** How the program ends after an error: the exit code, and the line for standard error (null = already printed). */
export interface Ending {
  readonly code: number;
  readonly line: string | null;
}

/** Turns whatever was thrown into an ending. A stack trace is never shown. */
export function endingOf(error: unknown): Ending {
  if (error instanceof CliFailure)
    return { code: exitCode.usage, line: `rooflens: ${oneLine(error.message)}` };
  // commander has printed its own line; asking for help or the version is no error.
  if (error instanceof CommanderError)
    return { code: error.exitCode === 0 ? exitCode.done : exitCode.usage, line: null };
  const message = error instanceof Error ? error.message : String(error);
  return { code: exitCode.internal, line: `rooflens: internal error: ${oneLine(message)}` };
}

/** Line breaks and runs of blanks become one blank: a message is one line. */
export function oneLine(text: string): string {
  return text.replace(/\s+/gu, ' ').trim();
}
