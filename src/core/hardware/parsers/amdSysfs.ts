import { GiB } from '../../units/bytes';

/** Memory of an AMD device as the `amdgpu` driver's files tell it, bytes; null where a file is not there. */
export interface AmdMemory {
  readonly vramTotal: number | null;
  readonly vramUsed: number | null;
  readonly gttTotal: number | null;
  readonly gttUsed: number | null;
}

/** One number of bytes, as in `mem_info_vram_total`. */
export function parseSysfsBytes(text: string | null): number | null {
  const trimmed = (text ?? '').trim();
  return /^\d{1,15}$/u.test(trimmed) ? Number(trimmed) : null;
}

export interface AmdFacts {
  readonly memory: AmdMemory;
  /** `gfx1151`, from the KFD topology; null when it does not list the device. */
  readonly gfx: string | null;
  /** Discrete cards name the maker of their memory chips. */
  readonly hasVramVendor: boolean;
}

/** Graphics versions that exist only as a part of a processor. */
const apuGfx = /^gfx(?:90c|103[3567]|1103|115\d)$/u;

/**
 * Whether the device is a part of the processor, so that it computes in host memory (GTT) as well as in its carve-out. A
 * discrete card has a GTT about as large as the RAM too, and must not be taken for one: the graphics version decides, and
 * where it is unknown a small VRAM without memory chips of its own under a GTT at least four times as large.
 */
export function isAmdApu({ memory, gfx, hasVramVendor }: AmdFacts): boolean {
  if (gfx !== null) return apuGfx.test(gfx);
  const { vramTotal, gttTotal } = memory;
  if (vramTotal === null || gttTotal === null) return false;
  return !hasVramVendor && vramTotal <= 4 * GiB && gttTotal >= 4 * vramTotal;
}

/** `properties` of a KFD topology node: lines `key value`. */
export function parseKfdProperties(text: string): ReadonlyMap<string, number> {
  const values = new Map<string, number>();
  for (const line of text.split('\n')) {
    const match = /^(\w+) (\d{1,20})$/u.exec(line.trim());
    if (match !== null) values.set(match[1] ?? '', Number(match[2]));
  }
  return values;
}

export interface KfdNode {
  readonly gfx: string;
  readonly deviceId: number;
  readonly computeUnits: number | null;
  /** `/sys/class/drm/renderD<minor>` is the same device. */
  readonly renderMinor: number;
}

/** A GPU's node; null for a CPU's, which has no SIMD units. */
export function kfdNode(text: string): KfdNode | null {
  const values = parseKfdProperties(text);
  const version = values.get('gfx_target_version') ?? 0;
  const simds = values.get('simd_count') ?? 0;
  if (version === 0 || simds === 0) return null;
  const perUnit = values.get('simd_per_cu') ?? 0;
  return {
    gfx: gfxName(version),
    deviceId: values.get('device_id') ?? 0,
    computeUnits: perUnit > 0 ? simds / perUnit : null,
    renderMinor: values.get('drm_render_minor') ?? 0,
  };
}

/** 90010 is gfx90a: major × 10000 + minor × 100 + step, the last two as hexadecimal digits. */
export function gfxName(version: number): string {
  const major = Math.floor(version / 10_000);
  const minor = Math.floor(version / 100) % 100;
  return `gfx${major}${minor.toString(16)}${(version % 100).toString(16)}`;
}
