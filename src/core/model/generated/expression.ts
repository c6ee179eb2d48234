/** What a field of a config holds, as far as an expression asks: a number, a switch, a word, or nothing. */
export type FieldValue = number | boolean | string | null;

/** Reads a field by its dotted path. */
export type Fields = (path: string) => FieldValue;

interface Factor {
  /** Product of names and numbers, divided without a remainder when `by` is there. */
  readonly of: readonly string[];
  readonly by: string | null;
  /** Divide up instead of down. */
  readonly up: boolean;
}

interface Term {
  readonly times: number;
  readonly factors: readonly Factor[];
}

const parsed = new Map<string, readonly Term[]>();

function factor(text: string): Factor {
  const up = text.split('/^');
  if (up.length === 2) return { of: (up[0] ?? '').split('*'), by: up[1] ?? null, up: true };
  const [product = '', by = null] = text.split('//');
  return { of: product.split('*'), by, up: false };
}

function term(text: string): Term {
  // A number before anything that is divided multiplies the result.
  const lead = /^(-?\d+)\*(.*(?:\(|\/\/|\/\^).*)$/u.exec(text);
  const rest = lead?.[2] ?? text;
  const times = lead === null ? 1 : Number(lead[1]);
  const bracketed = rest.startsWith('(') ? (rest.match(/\([^()]*\)|[^*()]+/gu) ?? []) : [rest];
  return { times, factors: bracketed.map((piece) => factor(piece.replace(/^\(|\)$/gu, ''))) };
}

function terms(text: string): readonly Term[] {
  const known = parsed.get(text);
  if (known !== undefined) return known;
  const made = text.split(' + ').map(term);
  parsed.set(text, made);
  return made;
}

function numberOf(word: string, fields: Fields): number {
  if (/^-?\d+$/u.test(word)) return Number(word);
  const value = fields(word);
  return typeof value === 'number' ? value : NaN;
}

function factorValue({ of, by, up }: Factor, fields: Fields): number {
  let value = 1;
  for (const word of of) value *= numberOf(word, fields);
  value = Math.trunc(value);
  if (by === null) return value;
  const divisor = numberOf(by, fields);
  return up ? Math.ceil(value / divisor) : Math.floor(value / divisor);
}

/**
 * The value of a sum of products and quotients such as `2*hidden_size + (hidden_size//num_heads)*num_kv_heads`; `/^` divides up.
 * NaN where a field is no number.
 */
export function evaluate(text: string, fields: Fields): number {
  let sum = 0;
  for (const { times, factors } of terms(text)) {
    let product = times;
    for (const one of factors) product *= factorValue(one, fields);
    sum += product;
  }
  return sum;
}

function comparison(text: string, fields: Fields): boolean {
  const found = /^([\w.]+)([=!])(.*)$/u.exec(text);
  if (found === null) return false;
  const [, path = '', sign, value = ''] = found;
  return (JSON.stringify(fields(path)) === value) === (sign === '=');
}

/** Whether `a=true`, `a=true & b!null` or `a=true | b=1` holds; nothing always does. */
export function holds(text: string, fields: Fields): boolean {
  if (text === '') return true;
  if (text.includes(' & ')) return text.split(' & ').every((part) => comparison(part, fields));
  return text.split(' | ').some((part) => comparison(part, fields));
}
