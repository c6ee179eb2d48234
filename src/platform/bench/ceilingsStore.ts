import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import type { BenchReport } from '../../core/bench/benchReport';
import { onnxruntimeVersion } from '../../core/bench/engine';
import { cpuFigures, gpuFigures } from '../../core/bench/figuresOfReport';
import type { Machine } from '../../core/hardware/device';
import {
  isSameDevice,
  type MeasuredFigures,
  type StoredCeilings,
} from '../../core/hardware/measuredCeilings';
import { usableCores } from './usableCores';

/** Where measured ceilings are kept unless a caller says otherwise. */
export function defaultCeilingsFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const cache = environment['XDG_CACHE_HOME'];
  return join(cache === undefined || cache === '' ? join(homedir(), '.cache') : cache, 'rooflens');
}

const fileName = 'ceilings.json';
/** Raised when the file's layout changes; a file of another version is as good as none. */
const layout = 1;
/** Of this many devices the figures are kept; the oldest go first. */
const mostEntries = 50;

const positive = v.pipe(v.number(), v.finite(), v.gtValue(0));
const figures = v.object({
  bytesPerSecond: v.exactOptional(positive),
  launchSeconds: v.exactOptional(positive),
  flops: v.exactOptional(
    v.strictObject(
      Object.fromEntries(
        (['fp32', 'tf32', 'fp16', 'bf16', 'fp8', 'int8', 'fp4'] as const).map((type) => [
          type,
          v.exactOptional(positive),
        ]),
      ),
    ),
  ),
});
const entry = v.object({
  device: v.string(),
  /** Driver version of a GPU, usable cores of a CPU: with another, other figures would come. */
  variant: v.nullable(v.string()),
  engine: v.string(),
  kind: v.picklist(['cpu', 'native', 'portable']),
  measuredAt: v.string(),
  figures,
});
const file = v.object({ layout: v.literal(layout), entries: v.array(entry) });

/** Figures of one device, driver and engine version. */
interface Entry {
  readonly device: string;
  readonly variant: string | null;
  readonly engine: string;
  readonly kind: 'cpu' | 'native' | 'portable';
  readonly measuredAt: string;
  readonly figures: MeasuredFigures;
}

/**
 * What was measured on this machine with its present drivers and this program's engine. Nothing when nothing was, or when the
 * file is missing or damaged: it is a cache.
 */
export async function loadCeilings(folder: string, machine: Machine): Promise<StoredCeilings> {
  const entries = (await readEntries(join(folder, fileName))).filter((stored) =>
    isOfThisMachine(stored, machine),
  );
  return {
    cpu: entries.find(({ kind }) => kind === 'cpu')?.figures ?? null,
    devices: entries.flatMap(({ kind, device, figures: measured }) =>
      kind === 'cpu' ? [] : [{ device, kind, figures: measured }],
    ),
    measuredAt:
      entries
        .map(({ measuredAt }) => measuredAt)
        .sort()
        .at(-1) ?? null,
  };
}

/**
 * Keeps what a benchmark measured, in place of what the same engine measured before on the same device and driver.
 * Rejects when the folder cannot be written.
 */
export async function saveCeilings(folder: string, machine: Machine, report: BenchReport): Promise<void> {
  const fresh = entriesOf(machine, report);
  if (fresh.length === 0) return;
  const path = join(folder, fileName);
  const before = await readEntries(path);
  const kept = before.filter((old) => !fresh.some((one) => isSameEntry(one, old)));
  const merged = fresh.map((one) => withOlderFigures(one, before));
  await mkdir(folder, { recursive: true });
  // Whole or not at all: another process may read at any time.
  const partial = `${path}.${randomUUID()}`;
  try {
    await writeFile(partial, JSON.stringify({ layout, entries: [...merged, ...kept].slice(0, mostEntries) }));
    await rename(partial, path);
  } finally {
    await rm(partial, { force: true });
  }
}

function entriesOf(machine: Machine, report: BenchReport): Entry[] {
  const measuredAt = report.startedAt;
  const cores = usableCores(machine);
  const cpu = cpuFigures(report, cores);
  const gpus = gpuFigures(report).map((measured) => ({
    ...measured,
    variant: driverOf(measured.device, machine),
    measuredAt,
  }));
  if (cpu === null) return gpus;
  return [{ ...cpu, device: machine.cpu.model, variant: String(cores), kind: 'cpu', measuredAt }, ...gpus];
}

/** A test that was skipped this time keeps the figure of the time before. */
function withOlderFigures(fresh: Entry, before: readonly Entry[]): Entry {
  const old = before.find((one) => isSameEntry(one, fresh))?.figures;
  if (old === undefined) return fresh;
  const flops = { ...old.flops, ...fresh.figures.flops };
  return { ...fresh, figures: { ...old, ...fresh.figures, flops } };
}

/** Same processor, driver and version of the engine: with another, other figures would come. */
function isOfThisMachine({ kind, device, variant, engine }: Entry, machine: Machine): boolean {
  if (engine.startsWith('onnxruntime ') && !engine.startsWith(`onnxruntime ${onnxruntimeVersion} `))
    return false;
  return kind === 'cpu'
    ? device === machine.cpu.model && variant === String(usableCores(machine))
    : variant === driverOf(device, machine);
}

function isSameEntry(a: Entry, b: Entry): boolean {
  return a.device === b.device && a.variant === b.variant && a.engine === b.engine && a.kind === b.kind;
}

function driverOf(name: string, machine: Machine): string | null {
  return machine.devices.find((device) => isSameDevice(name, device, machine.devices))?.driver ?? null;
}

async function readEntries(path: string): Promise<readonly Entry[]> {
  try {
    const parsed = v.safeParse(file, JSON.parse(await readFile(path, 'utf8')));
    return parsed.success ? parsed.output.entries : [];
  } catch {
    return [];
  }
}
