import type { ParsedText } from './document/configNode';
import { parseText } from './document/parseText';
import type { FileContext, Format } from './format';
import { formats } from './formats/index';
import type { RecognitionOutcome } from './job';
import { SNIFFED_CHARACTERS } from './sniff';
import { isVetoed } from './veto';

/** What a file is, with its parsed text where it was worth parsing. */
export interface Recognised {
  readonly outcome: RecognitionOutcome;
  /** null = not ours. */
  readonly format: Format | null;
  readonly parsed: ParsedText | null;
}

const notOurs: Recognised = { outcome: { outcome: 'not-ours' }, format: null, parsed: null };

/**
 * Recognises a file by its content and reads its jobs. Never throws: a file of ours with a syntax error is
 * `unreadable`, one that names no model a `fragment`, everything that is not surely ours `not-ours`.
 */
export function recognise(text: string, context: FileContext): Recognised {
  const path = context.path.replaceAll('\\', '/');
  if (isVetoed(path)) return notOurs;
  const head = text.slice(0, SNIFFED_CHARACTERS);
  const candidates = formats.filter((format) => format.sniff(head, path));
  if (candidates.length === 0) return notOurs;
  const parsed = parseText(text, context.path);
  for (const format of candidates) {
    const recognised = readAs(format, parsed, context);
    if (recognised.outcome.outcome !== 'not-ours') return recognised;
  }
  return notOurs;
}

/** Reads a parsed text as one format, whatever its name: for `--job`, where the user said what it is. */
export function readAs(format: Format, parsed: ParsedText, context: FileContext): Recognised {
  const outcome = format.read(parsed, context) ?? sureByName(format, parsed, context);
  if (outcome.outcome === 'not-ours') return notOurs;
  const [problem] = parsed.problems;
  if (problem === undefined) return { outcome, format, parsed };
  const { message, span } = problem;
  return { outcome: { outcome: 'unreadable', kind: format.kind, message, span }, format, parsed };
}

/** A text of which nothing could be read is ours only if its name says so. */
function sureByName(format: Format, parsed: ParsedText, context: FileContext): RecognitionOutcome {
  if (format.kind !== 'job' || !format.sniff('', context.path)) return { outcome: 'not-ours' };
  const [problem] = parsed.problems;
  return {
    outcome: 'unreadable',
    kind: format.kind,
    message: problem?.message ?? 'the file is empty',
    span: problem?.span ?? { start: 0, end: 0 },
  };
}

/** The format of a kind, e.g. of a `Recognition`; null for a kind that is none. */
export function formatOf(kind: string): Format | null {
  return formats.find((format) => format.kind === kind) ?? null;
}
