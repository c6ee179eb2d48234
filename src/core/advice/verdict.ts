import type { MemoryEstimate } from '../estimate/memoryEstimate';
import { devicePools, hostPool, type Pool, type Target } from '../hardware/target';
import type { EngineName } from '../job/jobDocument';
import { sum, type Range } from '../units/range';

export type Verdict = 'fits' | 'tight' | 'partial' | 'exceeds' | 'unknown';
export type Failure = 'oom' | 'refuses-to-start' | 'slow-spill' | 'host-oom';

/** What a memory estimate means for a target. */
export interface Judgement {
  /** Against an empty device. */
  readonly verdict: Verdict;
  /** Against what is free now. */
  readonly verdictNow: Verdict;
  readonly failure: Failure | null;
  /** The pool that decided, with the need that was held against it. */
  readonly pool: Pool | null;
  readonly need: Range | null;
}

/** Engines that put on the host what the device does not hold, instead of failing. */
export function spills(engine: EngineName): boolean {
  return engine === 'llama.cpp' || engine === 'ollama';
}

/**
 * fits: the whole interval lies within the budget on every device. exceeds: none of it does on some device. tight: in between.
 * partial: it runs, with a part on the host, which holds it. unknown: there is no figure.
 * `headroom` is kept free on each device beyond what the driver reserves.
 */
export function judge(memory: MemoryEstimate, target: Target, engine: EngineName, headroom = 0): Judgement {
  if (memory.unknown !== null || memory.perDevice.length === 0)
    return { verdict: 'unknown', verdictNow: 'unknown', failure: null, pool: null, need: null };
  const pools = devicePools(target);
  const held = memory.perDevice.map((device) => {
    const pool = pools.find((each) => each.name === device.device) ?? pools[0] ?? null;
    // Unified memory is one pool: what the host holds lies beside what the device holds.
    const need = pool?.kind === 'unified' ? sum(device.devicePeak, hostOnly(memory)) : device.devicePeak;
    return { pool, need };
  });
  const worst = worstOf(held);
  const verdictIn = (bytes: (pool: Pool) => number | null): Verdict => {
    let verdict: Verdict = 'fits';
    for (const { pool, need } of held) {
      const budget = pool === null ? null : bytes(pool);
      if (budget === null) return 'unknown';
      const usable = budget - headroom;
      if (need.low > usable) return 'exceeds';
      if (need.high > usable) verdict = 'tight';
    }
    return verdict;
  };
  let verdict = verdictIn((pool) => pool.usableBytes);
  let verdictNow = verdictIn((pool) => pool.freeBytes ?? pool.usableBytes);
  let failure: Failure | null = verdict === 'exceeds' ? 'oom' : null;
  const host = hostPool(target);
  const hostNeeds = memory.host.peak;
  if (memory.refusal !== null) {
    verdict = 'exceeds';
    verdictNow = 'exceeds';
    failure = 'refuses-to-start';
  } else if (memory.poolMargin !== null && memory.poolMargin.low < 0 && verdict === 'fits') {
    // It starts or not: the cache that is left may hold one longest sequence or not.
    verdict = 'tight';
    if (verdictNow === 'fits') verdictNow = 'tight';
  } else if (isPartial(memory) && verdict !== 'exceeds') {
    // Hardware from the catalogue has no host of its own: what runs is not refused for a memory that nobody named.
    const held = host === null || hostNeeds.low <= host.usableBytes;
    verdict = held ? 'partial' : 'exceeds';
    verdictNow = verdict;
    failure = held ? null : 'host-oom';
  } else if (verdict === 'exceeds' && spills(engine) && worst?.pool?.kind === 'unified') {
    // The operating system pages instead of refusing.
    failure = 'slow-spill';
  } else if (
    verdict !== 'exceeds' &&
    host !== null &&
    host.kind === 'host' &&
    !target.cpuOnly &&
    hostNeeds.low > host.usableBytes
  ) {
    verdict = 'exceeds';
    verdictNow = 'exceeds';
    failure = 'host-oom';
  }
  return { verdict, verdictNow, failure, pool: worst?.pool ?? null, need: worst?.need ?? null };
}

function isPartial(memory: MemoryEstimate): boolean {
  const placement = memory.placement;
  return (
    placement !== null &&
    (placement.layersOnDevice < placement.layers ||
      placement.hostWeightBytes > 0 ||
      placement.hostKvBytes > 0)
  );
}

/** Host terms that are data, not the process itself, which the operating system's share already covers. */
function hostOnly(memory: MemoryEstimate): Range {
  return sum(...memory.host.terms.filter((term) => term.name !== 'runtime').map((term) => term.bytes));
}

function worstOf(
  held: readonly { readonly pool: Pool | null; readonly need: Range }[],
): { readonly pool: Pool | null; readonly need: Range } | null {
  let worst: { readonly pool: Pool | null; readonly need: Range } | null = null;
  let most = -Infinity;
  for (const entry of held) {
    const over = entry.need.expected - (entry.pool?.usableBytes ?? Infinity);
    if (worst === null || over > most) {
      worst = entry;
      most = over;
    }
  }
  return worst;
}
