/** Numbers above this are no CPU numbers: the kernel's largest NR_CPUS is 8192. */
const largestCpu = 65_535;

/** A kernel's CPU list, `0-3,8,10-11`, as numbers in order; null when it is not one. */
export function parseCpuList(text: string): number[] | null {
  const trimmed = text.trim();
  if (!/^\d{1,5}(?:-\d{1,5})?(?:,\d{1,5}(?:-\d{1,5})?)*$/u.test(trimmed)) return null;
  const numbers = new Set<number>();
  for (const part of trimmed.split(',')) {
    const [first = 0, last = first] = part.split('-').map(Number);
    if (last > largestCpu) return null;
    for (let cpu = first; cpu <= last; cpu++) numbers.add(cpu);
  }
  return numbers.size === 0 ? null : [...numbers].sort((a, b) => a - b);
}

/** The CPUs that a process may run on, from `/proc/self/status`; null when the file does not say. */
export function parseAllowedCpus(status: string): number[] | null {
  const list = /^Cpus_allowed_list:\s*(\S+)\s*$/mu.exec(status)?.[1];
  return list === undefined ? null : parseCpuList(list);
}

/**
 * Physical cores: the number of different sets of sibling threads among the CPUs that may be used.
 * @param siblings by CPU number: the text of `topology/core_cpus_list` (or `thread_siblings_list`)
 * @param allowed null = all
 */
export function physicalCores(
  siblings: ReadonlyMap<number, string>,
  allowed: readonly number[] | null,
): number | null {
  const cores = new Set<string>();
  for (const [cpu, text] of siblings) {
    const list = parseCpuList(text);
    if (list !== null && (allowed === null || allowed.includes(cpu))) cores.add(list.join(','));
  }
  return cores.size === 0 ? null : cores.size;
}
