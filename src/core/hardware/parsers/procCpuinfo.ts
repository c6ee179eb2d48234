/** Extensions that decide how fast matrix work and dequantisation run, by the kernel's name. */
const known = new Map<string, string>([
  ...[
    'avx',
    'avx2',
    'fma',
    'f16c',
    'avx_vnni',
    'avx_vnni_int8',
    'avx512f',
    'avx512bw',
    'avx512_vnni',
    'avx512_bf16',
    'avx512_fp16',
    'amx_tile',
    'amx_bf16',
    'amx_int8',
    'amx_fp16',
    'sve',
    'sve2',
    'i8mm',
    'bf16',
    'sme',
  ].map((name): [string, string] => [name, name]),
  ['asimd', 'neon'],
  ['asimddp', 'dotprod'],
  ['asimdhp', 'fp16'],
  ['neon', 'neon'],
]);

export interface CpuInfo {
  readonly model: string | null;
  readonly logicalCpus: number;
  /** Of every processor of the list: what any core lacks is not counted. */
  readonly isa: readonly string[];
  /** A virtual machine: what it says of sockets and memory modules need not be so. */
  readonly virtual: boolean;
}

/** `/proc/cpuinfo`: blocks of `key : value`; x86 names the flags `flags`, arm64 `Features`. */
export function parseCpuinfo(text: string): CpuInfo {
  let model: string | null = null;
  let logicalCpus = 0;
  let virtual = false;
  const flagLists: string[][] = [];
  for (const line of text.split('\n')) {
    const match = /^([^:\t]+?)\s*:\s*(.*?)\s*$/u.exec(line);
    if (match === null) continue;
    const key = match[1] ?? '';
    const value = match[2] ?? '';
    if (key === 'processor' && /^\d+$/u.test(value)) logicalCpus += 1;
    else if ((key === 'model name' || key === 'Model') && value !== '') model ??= value;
    else if (key === 'flags' || key === 'Features') {
      const flags = value.split(/\s+/u);
      virtual ||= flags.includes('hypervisor');
      flagLists.push(flags.flatMap((flag) => known.get(flag) ?? []));
    }
  }
  const [first = [], ...others] = flagLists;
  const isa = new Set(first.filter((flag) => others.every((list) => list.includes(flag))));
  return { model, logicalCpus, isa: [...isa].sort(), virtual };
}
