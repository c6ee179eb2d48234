import { escapeMarkdown, markdownTable } from '../core/finding/markdown';
import type { Ceilings, Device, HardwareReport } from '../core/hardware/device';
import { formatGiB, GB } from '../core/units/bytes';

/** What was detected, as Markdown: the machine, its devices, clusters, and every probe with what came of it. */
export function hardwareText(report: HardwareReport): string {
  const { machine, clusters, probes } = report;
  const blocks = [
    '# Hardware',
    machineText(machine),
    machine.devices.length === 0 ? 'No GPU was found.' : devicesText(machine.devices),
    ...(clusters.length === 0 ? [] : [clustersText(clusters)]),
    '## Probes',
    markdownTable(
      ['left', 'left', 'right', 'left'],
      ['probe', 'outcome', 'ms', 'detail'],
      probes.map(({ name, outcome, milliseconds, detail }) => [
        escapeMarkdown(name),
        outcome,
        milliseconds.toFixed(0),
        escapeMarkdown(detail),
      ]),
    ),
  ];
  return `${blocks.join('\n\n')}\n`;
}

function machineText({ os, cpu, memory }: HardwareReport['machine']): string {
  const where = [
    os.container ? 'container' : null,
    os.wsl ? 'WSL' : null,
    os.loginNode ? 'login node' : null,
  ];
  const quota = cpu.quotaCores === null ? '' : `, ${cpu.quotaCores} granted`;
  const limit = memory.limitBytes === null ? '' : `, limit ${formatGiB(memory.limitBytes)} GiB`;
  const bandwidth = cpu.ceilings.bytesPerSecond;
  return [
    `- System: ${[`${os.platform} ${os.release}`, ...where]
      .filter((part) => part !== null)
      .map(escapeMarkdown)
      .join(', ')}`,
    `- CPU: ${escapeMarkdown(cpu.model)}, ${cpu.physicalCores} cores, ${cpu.logicalCores} threads${quota}${cpu.isa.length === 0 ? '' : `; ${escapeMarkdown(cpu.isa.join(', '))}`}`,
    `- Memory: ${formatGiB(memory.availableBytes)} of ${formatGiB(memory.totalBytes)} GiB available${limit}${bandwidth === null ? '' : `; ${(bandwidth.value / GB).toFixed(0)} GB/s (${bandwidth.origin})`}`,
  ].join('\n');
}

function devicesText(devices: readonly Device[]): string {
  return markdownTable(
    ['left', 'right', 'right', 'right', 'left', 'left'],
    ['device', 'GiB', 'to use', 'free', 'ceilings', 'from'],
    devices.map((device) => [
      escapeMarkdown(device.name) + (device.visible ? '' : ' (hidden by the environment)'),
      gib(device.totalBytes),
      gib(device.usableBytes),
      gib(device.freeBytes),
      ceilingsText(device.ceilings),
      escapeMarkdown(device.source),
    ]),
  );
}

function gib(bytes: number | null): string {
  return bytes === null ? '?' : formatGiB(bytes);
}

function ceilingsText({ bytesPerSecond, flops }: Ceilings): string {
  const compute = flops.bf16 ?? flops.fp16 ?? flops.fp32;
  const parts = [
    bytesPerSecond === null
      ? null
      : `${(bytesPerSecond.value / GB).toFixed(0)} GB/s (${bytesPerSecond.origin})`,
    compute === undefined ? null : `${(compute.value / 1e12).toFixed(1)} TFLOP/s (${compute.origin})`,
  ];
  return parts.filter((part) => part !== null).join(', ');
}

function clustersText(clusters: HardwareReport['clusters']): string {
  const rows = clusters.flatMap(({ kind, name, pools }) =>
    pools.map((pool) => [
      `${kind} ${escapeMarkdown(name)}`,
      escapeMarkdown(pool.name),
      String(pool.nodes),
      `${pool.devicesPerNode ?? '?'} × ${escapeMarkdown(pool.device ?? '?')}`,
    ]),
  );
  return markdownTable(['left', 'left', 'right', 'left'], ['cluster', 'pool', 'nodes', 'a node has'], rows);
}
