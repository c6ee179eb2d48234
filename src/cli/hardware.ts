import type { Command } from 'commander';
import type { Device, HardwareReport, Machine, Probe } from '../core/hardware/device';
import { localTarget } from '../core/hardware/localTarget';
import { formatBytes, formatGiB } from '../core/units/bytes';
import { detectHardware, RecordingError } from '../platform/hardware';
import { CliFailure } from './failure';
import { alignColumns, printJson, printMessage, printText, wantsJson } from './output';
import type { OutputOptions } from './output';

interface HardwareOptions extends OutputOptions {
  readonly from?: string;
  readonly record?: string;
  readonly mask?: boolean;
}

/** `rooflens hardware`: what this machine has, and how each source answered. */
export function registerHardware(program: Command): void {
  program
    .command('hardware')
    .description('show the CPU, memory and accelerators of this machine')
    .option('--from <dir>', 'answer from a recording, without touching this machine')
    .option('--record <dir>', 'write everything that was read to a folder')
    .option('--mask', 'replace serial numbers, UUIDs, user and host names')
    .option('--json', 'print JSON on one line')
    .option('--pretty', 'print indented JSON')
    .action(async (options: HardwareOptions) => {
      if (options.from !== undefined && options.record !== undefined)
        throw new CliFailure(
          '--from and --record exclude each other: one reads a recording, the other makes one',
        );
      const report = await detect(options);
      if (options.record !== undefined) printMessage(`Recorded to ${options.record}`);
      if (wantsJson(options)) printJson(report, options);
      else printText(formatHardware(report));
    });
}

async function detect({ from, record, mask }: HardwareOptions): Promise<HardwareReport> {
  try {
    return await detectHardware({
      ...(from === undefined ? {} : { from }),
      ...(record === undefined ? {} : { record }),
      mask: mask === true,
    });
  } catch (error) {
    if (error instanceof RecordingError) throw new CliFailure(error.message);
    const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
    if (record !== undefined && code !== undefined)
      throw new CliFailure(`${record} cannot be written (${code}): a folder for the recording is expected`);
    throw error;
  }
}

/** The report for people: one table for the machine, one for the devices, one for the probes. */
export function formatHardware(report: HardwareReport): string {
  const { machine, probes } = report;
  return [
    alignColumns(machineRows(machine)),
    '',
    machine.devices.length === 0
      ? 'No GPU was found.'
      : alignColumns([deviceHeader, ...machine.devices.map(deviceRow)], [2, 3, 4]),
    '',
    `Target  ${localTarget(machine, 'local').name}`,
    '',
    alignColumns([['Probe', 'Outcome', 'ms', 'Detail'], ...probes.map(probeRow)], [2]),
    '',
  ].join('\n');
}

function machineRows({ os, cpu, memory }: Machine): string[][] {
  const places = [
    os.container ? 'in a container' : null,
    os.wsl ? 'under WSL' : null,
    os.loginNode ? 'login node of a cluster: nothing heavy runs here' : null,
  ].filter((place) => place !== null);
  const limits = [
    memory.limitBytes === null ? null : `memory limited to ${formatBytes(memory.limitBytes)}`,
    cpu.quotaCores === null ? null : `CPU limited to ${cpu.quotaCores} cores`,
  ].filter((limit) => limit !== null);
  const rated = memory.ratedBytesPerSecond;
  return [
    ['System', [`${os.platform} ${os.release}`, ...places].join(', ')],
    [
      'CPU',
      `${cpu.model}, ${count(cpu.physicalCores, 'core')}, ${count(cpu.logicalCores, 'thread')}${cpu.isa.length > 0 ? `, ${cpu.isa.join(' ')}` : ''}`,
    ],
    [
      'Memory',
      `${formatBytes(memory.totalBytes)}, ${formatBytes(memory.availableBytes)} available${rated === null ? '' : `, rated ${(rated / 1e9).toFixed(1)} GB/s`}`,
    ],
    ['Limits', limits.join(', ') || 'none'],
  ];
}

const deviceHeader = ['Device', 'Kind', 'GiB', 'usable', 'free', 'GB/s', 'Source'];

function deviceRow(device: Device): string[] {
  const { ceilings } = device;
  const bandwidth = ceilings.bytesPerSecond;
  const marks = [
    device.origin === 'reported' ? null : device.origin,
    device.visible ? null : 'hidden from this process',
    device.processes.length > 0 ? count(device.processes.length, 'process', 'processes') : null,
  ].filter((mark) => mark !== null);
  return [
    device.name,
    device.kind,
    gib(device.totalBytes),
    gib(device.usableBytes),
    gib(device.freeBytes),
    bandwidth === null ? '?' : `${(bandwidth.value / 1e9).toFixed(0)} (${bandwidth.origin})`,
    [device.source, ...marks].join(', '),
  ];
}

function probeRow(probe: Probe): string[] {
  return [probe.name, probe.outcome, String(probe.milliseconds), probe.detail];
}

function gib(bytes: number | null): string {
  return bytes === null ? '?' : formatGiB(bytes);
}

function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}
