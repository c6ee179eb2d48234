import { formatGiB } from '../units/bytes';
import { formatDuration, formatParameters, formatRate, formatTokens } from '../units/counts';
import type { Range } from '../units/range';
import { lensText, plainLens } from './lensText';
import type { LensSubject } from './lensText';
import { escapeMarkdown, markdownTable } from './markdown';
import type { EstimateResult } from './result';
import { decidingDevice, termLabel, verdictText } from './termText';

/** The same job answered for another target. */
export interface TargetRow {
  readonly target: string;
  readonly result: EstimateResult;
}

export interface ReportSubject {
  /** Name of the file, for people. */
  readonly file: string;
  /** `axolotl`, `Hugging Face model`. */
  readonly title: string;
  readonly jobs: readonly (LensSubject & { readonly targets: readonly TargetRow[] })[];
}

/** The report of a document as Markdown: for each job its answer, where the memory goes, what to change, and other hardware. */
export function reportText(subject: ReportSubject): string {
  const several = subject.jobs.length > 1;
  const jobs = subject.jobs.map((job) => jobText(job, several));
  return [`# ${escapeMarkdown(subject.file)}`, escapeMarkdown(subject.title), ...jobs].join('\n\n') + '\n';
}

function jobText(job: LensSubject & { readonly targets: readonly TargetRow[] }, several: boolean): string {
  const { result, variants } = job;
  const heading = `## Line ${result.source.line}${result.source.key === null ? '' : `: ${escapeMarkdown(result.source.key)}`}`;
  const uses =
    variants === null
      ? [memoryText(result, 'Memory')]
      : [
          memoryText(variants.run, 'Memory to run it'),
          ...variants.others.map(({ result, heading }) => memoryText(result, heading)),
        ];
  return [
    several ? heading : null,
    `**${escapeMarkdown(plainLens(lensText(job)))}**`,
    escapeMarkdown(result.reason),
    ...uses,
    remediesText(result),
    speedText(variants?.run ?? result),
    cpuText(result),
    targetsText(job.targets),
    assumptionsText(result),
  ]
    .filter((block) => block !== null)
    .join('\n\n');
}

function memoryText(result: EstimateResult, heading: string): string | null {
  const memory = decidingDevice(result);
  if (memory === null) return null;
  const rows = memory.terms
    .filter((term) => term.size.expected > 0)
    .map((term) => [
      term.component === 'main'
        ? termLabel(term.name)
        : `${termLabel(term.name)} (${escapeMarkdown(term.component)})`,
      formatGiB(term.bytes.expected),
      ends(term.bytes),
      formatGiB(term.size.expected),
      term.origin,
    ]);
  const total = ['**peak**', `**${formatGiB(memory.devicePeak.expected)}**`, ends(memory.devicePeak), '', ''];
  const host = result.memory.host.peak.expected;
  const sentence = [
    `On ${escapeMarkdown(result.target.name)}, with ${formatGiB(result.target.budget.bytes)} GiB to use: ${verdictText(result.verdict)}.`,
    `Each term at the peak, which is in the phase ${memory.phase}${memory.ranks > 1 ? `, on each of ${memory.ranks} devices` : ''}, and its own largest.`,
    host > 0 ? `Host memory ${formatGiB(host)} GiB.` : '',
  ];
  return [
    `### ${heading}`,
    sentence.filter((part) => part !== '').join(' '),
    markdownTable(
      ['left', 'right', 'right', 'right', 'left'],
      ['term', 'GiB', 'range', 'largest', 'origin'],
      [...rows, total],
    ),
  ].join('\n\n');
}

function ends(range: Range): string {
  const low = formatGiB(range.low);
  const high = formatGiB(range.high);
  return low === high ? low : `${low}–${high}`;
}

function remediesText(result: EstimateResult): string | null {
  if (result.remedies.length === 0) return null;
  const rows = result.remedies.map((remedy) => [
    escapeMarkdown(remedy.title),
    formatGiB(remedy.expectedBytes),
    verdictText(remedy.verdict),
    remedy.changesResults ? 'yes' : 'no',
  ]);
  return `### What to change\n\n${markdownTable(['left', 'right', 'left', 'left'], ['change', 'GiB', 'then it', 'changes results'], rows)}`;
}

function speedText(result: EstimateResult): string | null {
  if (result.speed.phases.length === 0) return null;
  const rows = result.speed.phases.map((phase) => [
    phase.name,
    `${formatRate(phase.perSecond.expected)} ${phase.unit}/s`,
    `${formatRate(phase.perSecond.low)} to ${formatRate(phase.perSecond.high)}`,
    phase.boundBy,
    phase.origin,
  ]);
  const duration = result.speed.durationSeconds;
  return [
    `### Speed`,
    markdownTable(
      ['left', 'right', 'left', 'left', 'left'],
      ['phase', 'rate', 'range', 'bound by', 'origin'],
      rows,
    ),
    ...(duration === null ? [] : [`The whole job takes about ${formatDuration(duration.expected)}.`]),
  ].join('\n\n');
}

function cpuText(result: EstimateResult): string | null {
  return result.cpu === null ? null : `### Is a CPU enough?\n\n${escapeMarkdown(result.cpu.reason)}`;
}

function targetsText(targets: readonly TargetRow[]): string | null {
  if (targets.length === 0) return null;
  return `### On other hardware\n\n${targetsTable(targets)}`;
}

/** One row a target: verdict, peak, what there is, speed. */
export function targetsTable(targets: readonly TargetRow[]): string {
  return markdownTable(
    ['left', 'left', 'right', 'right', 'right'],
    ['target', 'verdict', 'GiB', 'of', 'speed'],
    targets.map(({ target, result }) => {
      const phase = result.speed.phases.find((each) => each.name === 'train' || each.name === 'decode');
      const peak = decidingDevice(result)?.devicePeak;
      return [
        escapeMarkdown(target),
        verdictText(result.verdict),
        peak === undefined ? '?' : formatGiB(peak.expected),
        formatGiB(result.target.budget.bytes),
        phase === undefined ? '?' : `${formatRate(phase.perSecond.expected)} ${phase.unit}/s`,
      ];
    }),
  );
}

/** Settings that the file leaves open, with who decided on them. */
function assumptionsText(result: EstimateResult): string | null {
  const open = Object.entries(result.job.origins).filter(
    ([, origin]) => origin.origin === 'default' || origin.origin === 'assumed',
  );
  const lines = open.map(([path, origin]) => `- ${escapeMarkdown(path)}: ${escapeMarkdown(origin.source)}`);
  const model = modelText(result);
  if (model === null && lines.length === 0) return null;
  return [`### What this rests on`, model, lines.length === 0 ? null : lines.join('\n')]
    .filter((block) => block !== null)
    .join('\n\n');
}

function modelText(result: EstimateResult): string | null {
  const { architecture, parameters, id, origin } = result.model;
  if (architecture === null || parameters === null) return null;
  const name = id === null ? '' : ` of ${escapeMarkdown(id)}`;
  const context =
    result.job.task === 'train' ? '' : ` Context ${formatTokens(result.job.inference.contextLength)}.`;
  return `${escapeMarkdown(architecture)}${name}, ${formatParameters(parameters)} parameters (${origin}).${context}`;
}
