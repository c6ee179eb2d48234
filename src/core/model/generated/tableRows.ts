import type { ModuleKind, TensorRole } from '../blueprint';
import type { Dtype } from '../../units/dtype';

/** One module or bare tensor of a class as the table has it. */
export interface Row {
  /** Path with `{low:high}` where a layer's number stands; without `.weight` and `.bias` when `bias` is not null. */
  readonly name: string;
  readonly kind: ModuleKind;
  readonly role: TensorRole;
  /** Two tensors: `name.weight` of these dimensions, and `name.bias`. */
  readonly withBias: boolean;
  readonly dims: readonly string[];
  readonly condition: string;
  readonly dtype: Dtype | null;
}

const kinds: Readonly<Record<string, ModuleKind>> = {
  L: 'linear',
  T: 'conv1d',
  C: 'conv',
  E: 'embedding',
  N: 'norm',
  P: 'parameter',
  B: 'buffer',
  X: 'experts',
};

const roles: Readonly<Record<string, TensorRole>> = {
  e: 'embedding',
  p: 'position',
  q: 'q',
  k: 'k',
  v: 'v',
  a: 'qkv',
  o: 'o',
  g: 'gate',
  u: 'up',
  f: 'gateUp',
  d: 'down',
  r: 'router',
  n: 'norm',
  h: 'head',
  c: 'classifier',
  s: 'recurrent',
  j: 'projector',
  l: 'pooler',
  x: 'other',
};

const dtypes: Readonly<Record<string, Dtype>> = { i64: 'i64', i32: 'i32', u8: 'u8', bool: 'bool' };

/** `Lqb self_attn.q_proj | heads*64, hidden_size | bias=true | i64`: kind, role, with bias; name; dimensions; condition; type. */
export function parseRow(line: string): Row {
  const [head = '', dims = '', condition = '', dtype = ''] = line.split(' | ');
  const space = head.indexOf(' ');
  const code = head.slice(0, space);
  return {
    name: head.slice(space + 1),
    kind: kinds[code.charAt(0)] ?? 'parameter',
    role: roles[code.charAt(1)] ?? 'other',
    withBias: code.charAt(2) === 'b',
    dims: dims === '' ? [] : dims.split(', '),
    condition,
    dtype: dtypes[dtype] ?? null,
  };
}

/** The first numbered part of a name: what stands before it, its range, and what stands behind it. */
export interface Span {
  readonly before: string;
  readonly low: string;
  readonly high: string;
  /** `step=rest` or `step!rest`: only the numbers that leave this remainder, or any other; empty for all. */
  readonly stride: string;
  readonly after: string;
}

export function firstSpan(name: string): Span | null {
  const found = /^(.*?)\.?\{([^:{}]+):([^:{}]+)(?::([^:{}]+))?\}\.?(.*)$/u.exec(name);
  if (found === null) return null;
  const [, before = '', low = '', high = '', stride = '', after = ''] = found;
  return { before, low, high, stride, after };
}

/** The sizes of a stride are read by `sizeOf`. */
export function inStride(stride: string, sizeOf: (text: string) => number): (index: number) => boolean {
  if (stride === '') return () => true;
  const equal = !stride.includes('!');
  const [step = '1', rest = '0'] = stride.split(equal ? '=' : '!');
  const every = Math.max(1, sizeOf(step));
  const left = sizeOf(rest);
  return (index) => (index % every === left) === equal;
}
