/** Where a process stands: the path in the unified hierarchy, and the path of each version 1 controller. */
export interface CgroupPaths {
  readonly unified: string | null;
  readonly controllers: ReadonlyMap<string, string>;
}

/** `/proc/self/cgroup`: lines `id:controllers:path`; the unified hierarchy is `0::path`. Mixed hosts have both. */
export function parseCgroupPaths(text: string): CgroupPaths {
  let unified: string | null = null;
  const controllers = new Map<string, string>();
  for (const line of text.split('\n')) {
    const match = /^(\d+):([^:]*):(\/.*)$/u.exec(line.trim());
    if (match === null) continue;
    const path = match[3] ?? '/';
    if (match[2] === '') unified = path;
    else for (const controller of (match[2] ?? '').split(',')) controllers.set(controller, path);
  }
  return { unified, controllers };
}

/** The path and every path above it, up to `/`: a limit anywhere on the way binds. */
export function cgroupAncestors(path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  // A path out of the namespace's root (`/../x`) cannot be walked: its root is what can be seen.
  if (parts.includes('..')) return ['/'];
  return [...parts.map((_, index) => `/${parts.slice(0, parts.length - index).join('/')}`), '/'];
}

/** Version 1 writes this (2^63 rounded down to a page) for "no limit"; anything near it means the same. */
const unlimited = 2 ** 60;

/** `memory.max`, `memory.high`, `memory.limit_in_bytes`: bytes; null = no limit, or not readable as one. */
export function parseMemoryLimit(text: string): number | null {
  const trimmed = text.trim();
  if (!/^\d{1,20}$/u.test(trimmed)) return null;
  const bytes = Number(trimmed);
  return bytes >= unlimited ? null : bytes;
}

/** `memory.current`, `memory.usage_in_bytes`: bytes in use, page cache counted in. */
export function parseMemoryCurrent(text: string): number | null {
  const trimmed = text.trim();
  return /^\d{1,15}$/u.test(trimmed) ? Number(trimmed) : null;
}

/** `memory.stat`: page cache of the group and those below, bytes. It gives way when a process asks for memory. */
export function parseMemoryStat(text: string): {
  readonly inactiveFile: number;
  readonly activeFile: number;
} {
  const values = new Map<string, number>();
  for (const line of text.split('\n')) {
    const match = /^(\w+) (\d{1,15})$/u.exec(line.trim());
    if (match !== null) values.set(match[1] ?? '', Number(match[2]));
  }
  // Version 1 has both: without `total_` the groups below are not counted, which the usage does.
  return {
    inactiveFile: values.get('total_inactive_file') ?? values.get('inactive_file') ?? 0,
    activeFile: values.get('total_active_file') ?? values.get('active_file') ?? 0,
  };
}

/** `cpu.max`: `200000 100000` is two CPUs; `max …` is null. */
export function parseCpuMax(text: string): number | null {
  const match = /^(\d{1,12})\s+(\d{1,12})$/u.exec(text.trim());
  return match === null ? null : cores(Number(match[1]), Number(match[2]));
}

/** `cpu.cfs_quota_us` and `cpu.cfs_period_us` of version 1; a quota of -1 is none. */
export function parseCfsQuota(quota: string, period: string): number | null {
  if (!/^\d{1,12}$/u.test(quota.trim()) || !/^\d{1,12}$/u.test(period.trim())) return null;
  return cores(Number(quota.trim()), Number(period.trim()));
}

function cores(quota: number, period: number): number | null {
  return quota > 0 && period > 0 ? quota / period : null;
}
