/** macOS: lines `key: value`. */
export function parseSysctl(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const match = /^([\w.]+): (.*?)\s*$/u.exec(line);
    if (match !== null) values.set(match[1] ?? '', match[2] ?? '');
  }
  return values;
}

/** The kernel's keys for extensions that matter, by the names that are used here. */
const keys: readonly (readonly [key: string, name: string])[] = [
  ['hw.optional.avx2_0', 'avx2'],
  ['hw.optional.avx512f', 'avx512f'],
  ['hw.optional.neon', 'neon'],
  ['hw.optional.AdvSIMD', 'neon'],
  ['hw.optional.arm.FEAT_DotProd', 'dotprod'],
  ['hw.optional.arm.FEAT_FP16', 'fp16'],
  ['hw.optional.arm.FEAT_I8MM', 'i8mm'],
  ['hw.optional.arm.FEAT_BF16', 'bf16'],
  ['hw.optional.arm.FEAT_SME', 'sme'],
];

/** Extensions of a Mac's processor. */
export function sysctlIsa(values: ReadonlyMap<string, string>): string[] {
  const names = keys.flatMap(([key, name]) => (values.get(key) === '1' ? [name] : []));
  return [...new Set(names)].sort();
}
