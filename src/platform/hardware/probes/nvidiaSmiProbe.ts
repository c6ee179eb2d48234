import type { NvidiaListing } from '../../../core/hardware/parsers/nvidiaSmiList';
import { parseNvidiaList } from '../../../core/hardware/parsers/nvidiaSmiList';
import type { NvidiaMigMemory } from '../../../core/hardware/parsers/nvidiaSmiMig';
import { parseNvidiaMigBlocks } from '../../../core/hardware/parsers/nvidiaSmiMig';
import type { NvidiaProcess } from '../../../core/hardware/parsers/nvidiaSmiComputeApps';
import {
  computeAppFields,
  parseNvidiaComputeApps,
} from '../../../core/hardware/parsers/nvidiaSmiComputeApps';
import type { NvidiaField, NvidiaGpu } from '../../../core/hardware/parsers/nvidiaSmiQuery';
import {
  nvidiaBasicFields,
  nvidiaFailure,
  nvidiaFields,
  parseNvidiaQuery,
  refusedNvidiaField,
} from '../../../core/hardware/parsers/nvidiaSmiQuery';
import type { ToolRun } from '../../process';
import { found, missing } from '../probe';
import type { HardwareProbe, ProbeAnswer } from '../probe';
import type { ProbePort } from '../probePort';

export interface NvidiaSmiAnswer {
  readonly gpus: readonly NvidiaGpu[];
  readonly listings: readonly NvidiaListing[];
  readonly migMemory: readonly NvidiaMigMemory[];
  readonly processes: readonly NvidiaProcess[];
}

/** Retries with one field less, before the fields that every driver has are asked alone. */
const mostDropped = 6;

const places = [
  '/usr/bin/nvidia-smi',
  '/usr/local/bin/nvidia-smi',
  // Under WSL the tool is the driver's own, and often not on PATH.
  '/usr/lib/wsl/lib/nvidia-smi',
  // Google's container-optimised nodes.
  '/usr/local/nvidia/bin/nvidia-smi',
  '/run/current-system/sw/bin/nvidia-smi',
  '/run/opengl-driver/bin/nvidia-smi',
  '/opt/nvidia/bin/nvidia-smi',
];

/** NVIDIA's own tool: GPUs, MIG instances, and what holds their memory. */
export function nvidiaSmiProbe(platform: string, timeoutMs: number): HardwareProbe<NvidiaSmiAnswer> {
  return {
    name: 'nvidia-smi',
    async read(port) {
      const tool = await port.find('nvidia-smi', platform === 'win32' ? await windowsPlaces(port) : places);
      if (tool === null) return missing('not on PATH and not in the usual places');
      const [query, apps] = await Promise.all([
        queryGpus(port, tool, timeoutMs),
        port.run(
          tool,
          [`--query-compute-apps=${computeAppFields.join(',')}`, '--format=csv,noheader,nounits'],
          timeoutMs,
        ),
      ]);
      if (query.value === null) return missing(query.detail, query.outcome);
      const gpus = query.value;
      const split = gpus.some((gpu) => gpu.mig === true);
      const [list, details] = split
        ? await Promise.all([port.run(tool, ['-L'], timeoutMs), port.run(tool, ['-q'], timeoutMs)])
        : [null, null];
      return {
        outcome: 'ok',
        detail: query.detail,
        value: {
          gpus,
          listings: parseNvidiaList(list?.stdout ?? ''),
          migMemory: parseNvidiaMigBlocks(details?.stdout ?? ''),
          processes: apps.exit === 0 ? parseNvidiaComputeApps(apps.stdout) : [],
        },
      };
    },
  };
}

/** The query, with fields that this driver refuses dropped one by one: a single unknown field fails the whole call. */
async function queryGpus(
  port: ProbePort,
  tool: string,
  timeoutMs: number,
): Promise<ProbeAnswer<readonly NvidiaGpu[]>> {
  let fields: readonly NvidiaField[] = nvidiaFields;
  const dropped: string[] = [];
  for (;;) {
    const run = await port.run(
      tool,
      [`--query-gpu=${fields.join(',')}`, '--format=csv,noheader,nounits'],
      timeoutMs,
    );
    if (run.outcome !== 'exited') return notExited(run, timeoutMs);
    const refused = refusedNvidiaField(`${run.stdout}\n${run.stderr}`);
    if (refused !== null && fields !== nvidiaBasicFields) {
      dropped.push(refused);
      const fewer = fields.filter((field) => field !== refused);
      fields = dropped.length > mostDropped || fewer.length === fields.length ? nvidiaBasicFields : fewer;
      continue;
    }
    const gpus = parseNvidiaQuery(run.stdout, fields);
    if (gpus.length > 0)
      return found(
        gpus,
        [
          `${gpus.length} ${gpus.length === 1 ? 'GPU' : 'GPUs'}, driver ${gpus[0]?.driver ?? 'unknown'}`,
          ...(dropped.length > 0 ? [`this driver has no ${dropped.join(', ')}`] : []),
          ...(run.exit === 0 ? [] : [`exit code ${run.exit ?? 'none'}: ${reason(run)}`]),
        ].join('; '),
      );
    return run.exit === 0
      ? missing(`exit code 0, but no line is a GPU: ${firstLine(run.stdout)}`, 'unreadable')
      : missing(`exit code ${run.exit ?? 'none'}: ${reason(run)}`, 'failed');
  }
}

function notExited(run: ToolRun, timeoutMs: number): ProbeAnswer<never> {
  switch (run.outcome) {
    case 'timeout':
      return missing(`no answer within ${(timeoutMs / 1000).toFixed(0)} s, ended`, 'timeout');
    case 'denied':
      return missing(`${run.argv[0] ?? 'nvidia-smi'} may not be run by this user`, 'denied');
    case 'not-found':
      return missing(`${run.argv[0] ?? 'nvidia-smi'} cannot be run`, 'failed');
    case 'too-much-output':
      return missing('it printed without end', 'unreadable');
    case 'exited':
      return missing('it ended', 'failed');
  }
}

function reason(run: ToolRun): string {
  const output = `${run.stdout}\n${run.stderr}`;
  return nvidiaFailure(output, run.exit) ?? firstLine(output);
}

/** The first line that says something, cut for a one-line report. */
function firstLine(text: string): string {
  const line = text.split('\n').find((candidate) => candidate.trim() !== '');
  if (line === undefined) return '(no output)';
  // Rubbish may hold control characters, which a terminal would obey.
  const printable = line.trim().replace(/[^\p{L}\p{N}\p{P}\p{S}\p{Zs}]/gu, '?');
  return printable.length > 120 ? `${printable.slice(0, 120)}…` : printable;
}

async function windowsPlaces(port: ProbePort): Promise<readonly string[]> {
  const system = port.variable('SystemRoot') ?? 'C:\\Windows';
  const programs = port.variable('ProgramFiles') ?? 'C:\\Program Files';
  const store = `${system}\\System32\\DriverStore\\FileRepository`;
  const drivers = (await port.list(store)).filter((name) => /^nv.*\.inf_/iu.test(name)).reverse();
  return [
    `${system}\\System32\\nvidia-smi.exe`,
    ...drivers.map((name) => `${store}\\${name}\\nvidia-smi.exe`),
    `${programs}\\NVIDIA Corporation\\NVSMI\\nvidia-smi.exe`,
  ];
}
