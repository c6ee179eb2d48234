/** A stretch of text: UTF-16 offsets from the start of the document, `end` exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A replacement of a stretch of a file's text. */
export interface TextEdit {
  readonly file: string;
  readonly range: readonly [start: number, end: number];
  readonly newText: string;
}

/** 1-based line of an offset. */
export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let i = text.indexOf('\n'); i !== -1 && i < offset; i = text.indexOf('\n', i + 1)) line++;
  return line;
}
