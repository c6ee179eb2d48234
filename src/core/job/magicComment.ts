/**
 * `# rooflens: target=2x rtx4090 model=./path gpus=8` (`//` in JSON): what a file cannot say in its own keys. A value
 * reaches to the next `key=`, so that it may hold blanks. Keys other than these are ignored.
 */
export interface MagicComment {
  readonly target: string | null;
  readonly model: string | null;
  /** Devices that the job is started on. */
  readonly gpus: number | null;
  /** Where it stands. */
  readonly start: number;
  readonly end: number;
}

const line = /^[ \t]*(?:#|\/\/)[ \t]*rooflens:[ \t]*(.*)$/m;

/** The first magic comment of a text; null = none. Only lines that are nothing but a comment count. */
export function magicComment(text: string): MagicComment | null {
  const match = line.exec(text.replaceAll('\r', ' '));
  if (match === null) return null;
  const fields = new Map<string, string>();
  const content = (match[1] ?? '').trimEnd();
  const keys = [...content.matchAll(/(?:^|\s)([a-z]+)\s*=\s*/gi)];
  keys.forEach((key, index) => {
    const from = key.index + key[0].length;
    const to = keys[index + 1]?.index ?? content.length;
    fields.set((key[1] ?? '').toLowerCase(), content.slice(from, to).trim());
  });
  const gpus = /^(\d{1,6})\s*(?:[x×]\s*(.+))?$/.exec(fields.get('gpus') ?? '');
  const count = gpus === null ? null : Number(gpus[1]);
  const device = gpus?.[2];
  const named = device === undefined || count === null ? null : `${count}x ${device.trim()}`;
  return {
    target: emptyAsNull(fields.get('target')) ?? named,
    model: emptyAsNull(fields.get('model')),
    gpus: count === 0 ? null : count,
    start: match.index,
    end: match.index + match[0].length,
  };
}

function emptyAsNull(value: string | undefined): string | null {
  return value === undefined || value === '' ? null : value;
}
