import { catalogueCeilings } from './catalogue';
import { catalogueMemory } from './catalogueMemory';
import { displayName, shortName, withCount } from './catalogueNames';
import { searchCatalogue } from './catalogueSearch';
import type { CatalogueVariant } from './catalogueSearch';
import type { Cluster, ClusterPool, Machine } from './device';
import { cpuTarget, hasUsableGpu, localTarget } from './localTarget';
import type { Pool, Target, TargetChoice } from './target';

export interface TargetContext {
  /** The machine as detected; null when nothing was detected (yet). */
  readonly machine: Machine | null;
  /** Who asks for this target. */
  readonly choice: TargetChoice;
  /** Clusters that a hardware report lists. */
  readonly clusters?: readonly Cluster[];
}

export type TargetResolution =
  | { readonly ok: true; readonly target: Target }
  | {
      readonly ok: false;
      /** One sentence for the user. */
      readonly message: string;
      /** Catalogue names that are near what was written. */
      readonly nearest: readonly string[];
    };

const largestCount = 100_000;
const longestText = 200;
const schedulers = { slurm: 'slurm', k8s: 'kubernetes', ray: 'ray' } as const;

/**
 * The target that a text means: `auto`, `local`, `cpu`, `[N x] NAME`, several joined by ` + `, `slurm:PARTITION`, `k8s:POOL`,
 * `ray:NAME`. A path to a hardware document is no name: the caller reads the document and takes `targetFromReport`.
 * `auto` is the local GPU, else the CPU; what a file declares or the workspace has chosen is asked for by its own text.
 */
export function resolveTarget(text: string, context: TargetContext): TargetResolution {
  const written = text.trim();
  if (written === '') return failure('The target is empty: name a device, "local", "cpu" or "auto".');
  if (written.length > longestText)
    return failure(`The target has ${written.length} characters: a name has at most ${longestText}.`);
  const parts = written.split(/\s\+\s/u).map((part) => part.trim());
  const targets: Target[] = [];
  for (const part of parts) {
    const resolution = resolvePart(part, context);
    if (!resolution.ok) return resolution;
    targets.push(resolution.target);
  }
  const [only] = targets;
  return { ok: true, target: only !== undefined && targets.length === 1 ? only : join(targets, context) };
}

/** Whether a target's text is written as a path, so that it has to be read as a hardware document. */
export function isTargetPath(text: string): boolean {
  const written = text.trim();
  return /^(?:~|\.{1,2})?[/\\]|^[a-z]:[/\\]|\.json$/iu.test(written);
}

function resolvePart(part: string, context: TargetContext): TargetResolution {
  const { machine } = context;
  const keyword = part.toLowerCase();
  if (keyword === 'auto' || keyword === 'local' || keyword === 'cpu') {
    if (machine === null)
      return failure(`The target "${part}" is this machine, and its hardware is not known: name a device.`);
    if (keyword === 'cpu') return { ok: true, target: cpuTarget(machine, context.choice) };
    const choice = keyword === 'local' ? context.choice : hasUsableGpu(machine) ? 'local' : 'fallback';
    return { ok: true, target: localTarget(machine, choice) };
  }
  const scheduled = /^(slurm|k8s|ray):(.*)$/iu.exec(part);
  if (scheduled !== null) {
    const prefix = (scheduled[1] ?? '').toLowerCase() as keyof typeof schedulers;
    return resolveScheduled(prefix, (scheduled[2] ?? '').trim(), context);
  }
  if (isTargetPath(part))
    return failure(`The target "${part}" is a path: a hardware document stands alone as a target.`);
  return resolveName(part, context);
}

function resolveName(part: string, context: TargetContext): TargetResolution {
  // "8 x H100", "8xH100", "8 × H100"; but the 7900 of "7900 XTX" is no count.
  const counted = /^(\d+)\s*[x×*](?:\s+|(?=\D*\d))(.+)$/iu.exec(part);
  const count = counted === null ? 1 : Number(counted[1]);
  const name = (counted?.[2] ?? part).trim();
  if (/\b\d+g\.\d+gb\b/iu.test(name))
    return failure(`The target "${part}" is a slice of a device; the catalogue holds whole devices.`);
  if (count < 1 || count > largestCount)
    return failure(`The target "${part}" counts ${count} devices: 1 to ${largestCount} are expected.`);
  const outcome = searchCatalogue(name);
  if (outcome.found === null) {
    const { nearest } = outcome;
    return {
      ok: false,
      message: `No accelerator is called "${name}". The nearest names are ${nearest.join(', ')}.`,
      nearest,
    };
  }
  const miscounted = misplacedCount(name);
  if (miscounted !== null && outcome.unread.includes(miscounted.count))
    return failure(
      `The target "${part}" has a number that is no part of a name: a count is written "${miscounted.count} x ${miscounted.name}".`,
    );
  return fromVariant(outcome.found, count, outcome.alternatives, context.choice);
}

/** A count where the grammar has none: `8 H100`, `A100:8`, `H100 x8`. Reading over it would answer for one device. */
function misplacedCount(name: string): { readonly count: string; readonly name: string } | null {
  const before = /^(\d+)\s+(.+)$/u.exec(name);
  if (before !== null) return { count: before[1] ?? '', name: before[2] ?? '' };
  const after = /^(.+?)(?:\s*[:*×]|\s+x)\s*(\d+)$/iu.exec(name);
  return after === null ? null : { count: after[2] ?? '', name: after[1] ?? '' };
}

function fromVariant(
  variant: CatalogueVariant,
  count: number,
  alternatives: readonly CatalogueVariant[],
  choice: TargetChoice,
): TargetResolution {
  const { entry, sizeGiB } = variant;
  const memory = catalogueMemory(entry, sizeGiB);
  const name = displayName(entry, sizeGiB);
  if (memory === null)
    return failure(`${name} is sold with different memory sizes: write one, as in "${name} 64GB".`);
  const pool: Pool = {
    kind: entry.memory === 'unified' ? 'unified' : 'device',
    name,
    count: count * entry.devicesPerCard,
    ...memory,
    freeBytes: null,
    ceilings: catalogueCeilings(entry),
    vendor: entry.vendor,
    deviceKind: entry.memory === 'unified' ? 'unified' : 'discrete',
    computeCapability: entry.computeCapability,
    catalogueId: entry.id,
  };
  return {
    ok: true,
    target: {
      name: withCount(count, name),
      label: withCount(count, shortName(entry, sizeGiB)),
      choice,
      alternatives: alternatives.map((other) => displayName(other.entry, other.sizeGiB)),
      pools: [pool],
      cpuOnly: false,
    },
  };
}

function resolveScheduled(
  prefix: keyof typeof schedulers,
  poolName: string,
  context: TargetContext,
): TargetResolution {
  const written = `${prefix}:${poolName}`;
  const clusters = (context.clusters ?? []).filter((cluster) => cluster.kind === schedulers[prefix]);
  if (clusters.length === 0)
    return failure(
      `The target "${written}" needs the inventory of a cluster, which has not been read here: name its devices instead, as in "8 x H100".`,
    );
  const pools = clusters.flatMap((cluster) => cluster.pools);
  const pool = pools.find(({ name }) => name === poolName);
  if (pool === undefined)
    return failure(
      `The target "${written}" is not among the pools of this cluster: ${pools.map(({ name }) => name).join(', ')}.`,
    );
  return fromClusterPool(written, pool, context.choice);
}

/** One node of a pool. A size that the cluster reports picks among the variants of the device's name. */
function fromClusterPool(written: string, pool: ClusterPool, choice: TargetChoice): TargetResolution {
  if (pool.device === null)
    return failure(`The nodes of "${written}" have no accelerator that the cluster names.`);
  const gib = pool.deviceBytes === null ? null : Math.round(pool.deviceBytes / 2 ** 30);
  const outcome = searchCatalogue(gib === null ? pool.device : `${pool.device} ${gib}GB`);
  if (outcome.found === null)
    return {
      ok: false,
      message: `The nodes of "${written}" have "${pool.device}", which is no name of a known accelerator.`,
      nearest: outcome.nearest,
    };
  return fromVariant(outcome.found, pool.devicesPerNode ?? 1, outcome.alternatives, choice);
}

/** Several targets as one: pools of one product and one size are counted together, the host is named once. */
function join(targets: readonly Target[], context: TargetContext): Target {
  const pools: Pool[] = [];
  for (const pool of targets.flatMap((target) => target.pools)) {
    const same = pools.findIndex(
      (other) =>
        other.kind === pool.kind && other.name === pool.name && other.usableBytes === pool.usableBytes,
    );
    const other = pools[same];
    if (other === undefined) pools.push(pool);
    else if (pool.kind !== 'host') pools[same] = { ...other, count: other.count + pool.count };
  }
  return {
    name: targets.map(({ name }) => name).join(' + '),
    label: targets.map(({ label }) => label).join(' + '),
    choice: context.choice,
    alternatives: [...new Set(targets.flatMap(({ alternatives }) => alternatives))],
    pools,
    cpuOnly: targets.every(({ cpuOnly }) => cpuOnly),
  };
}

function failure(message: string): TargetResolution {
  return { ok: false, message, nearest: [] };
}
