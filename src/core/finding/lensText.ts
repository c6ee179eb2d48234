import { quantizationName } from '../model/quantisation/quantizationName';
import type { SpeedPhase } from '../speed/speedEstimate';
import { formatBytes, formatGiB } from '../units/bytes';
import { formatDuration, formatParameters, formatRate, formatTokens } from '../units/counts';
import type { Dtype } from '../units/dtype';
import type { Origin } from '../units/origin';
import type { AnsweredVariant, BareVariants } from './bareModel';
import type { EstimateResult, Verdict } from './result';
import { decidingDevice, largestTerms, termText, verdictText } from './termText';

/** What a part of the lens opens. */
export type LensAction = 'explain' | 'chooseTarget' | 'openReport' | 'pointToModel';

/** One part of a lens. Icons are written as the editor writes them, `$(check)`; `plainLens` turns them into signs. */
export interface LensPart {
  readonly text: string;
  readonly action: LensAction;
  /** Says in words what the icon says. */
  readonly tooltip: string;
}

/** What a lens is written from: one analysed job. */
export interface LensSubject {
  readonly result: EstimateResult;
  readonly variants: BareVariants | null;
}

const mark = ' (before this edit)';

/** What else the lens has to say. */
export interface LensState {
  /** The text cannot be read now and this is the last answer. */
  readonly stale?: boolean;
  /** Why the wanted target could not be taken, and another was. */
  readonly targetProblem?: string | null;
}

/** The parts of the lens of one job or model. */
export function lensText(subject: LensSubject, state: LensState = {}): readonly LensPart[] {
  const { stale = false, targetProblem = null } = state;
  const parts =
    subject.variants === null ? jobParts(subject.result) : bareParts(subject.result, subject.variants);
  const marked = parts.map((part, index) =>
    stale && index === 0 ? { ...part, text: part.text + mark } : part,
  );
  return targetProblem === null ? marked : withProblem(marked, subject.result, targetProblem);
}

/** Says on the target why the wanted one was not taken; adds the target where the lens leaves it out. */
function withProblem(
  parts: readonly LensPart[],
  result: EstimateResult,
  problem: string,
): readonly LensPart[] {
  const shown = parts.some((part) => part.action === 'chooseTarget') ? parts : [...parts, targetPart(result)];
  return shown.map((part) =>
    part.action === 'chooseTarget' ? { ...part, text: `$(warning) ${part.text}`, tooltip: problem } : part,
  );
}

/** The lens of a document that is ours but cannot be answered: a fragment, a text broken from the start, one too large. */
export function sentenceLens(message: string): readonly LensPart[] {
  return [
    { text: `$(question) ${cannotTell(message)}`, action: 'explain', tooltip: 'Why Rooflens cannot tell' },
  ];
}

const signs: Readonly<Record<string, string>> = {
  check: '✓',
  close: '✗',
  warning: '⚠',
  info: 'i',
  question: '?',
  server: '▤',
  'split-horizontal': '◐',
};

/** The lens as one line of plain text, for a terminal. */
export function plainLens(parts: readonly LensPart[]): string {
  return parts
    .filter((part) => part.action === 'explain' || part.action === 'chooseTarget')
    .map((part) => part.text.replace(/\$\(([\w-]+)\)/g, (_, icon: string) => signs[icon] ?? ''))
    .join(' | ');
}

function jobParts(result: EstimateResult): readonly LensPart[] {
  if (isForOtherHardware(result)) return otherHardwareParts(result);
  if (result.verdict === 'unknown' || decidingDevice(result) === null) return unknownParts(result);
  if (isCpuOnly(result)) return [explain(cpuText(result), result)];
  const first = explain(deviceText(result), result);
  return result.verdict === 'partial'
    ? [first, targetPart(result)]
    : [first, targetPart(result), { text: 'Report', action: 'openReport', tooltip: 'Open the report' }];
}

function deviceText(result: EstimateResult): string {
  switch (result.verdict) {
    case 'fits':
      return `$(check) ${fitsText(result)}${occupied(result)}`;
    case 'tight':
      return `$(info) ${tightText(result)}${occupied(result)}`;
    case 'partial':
      return `$(split-horizontal) ${partialText(result)}`;
    case 'exceeds':
      return `$(warning) ${exceedsText(result)}`;
    case 'unknown':
      return `$(question) ${cannotTell(result.reason)}`;
  }
}

function fitsText(result: EstimateResult): string {
  if (result.job.task === 'train') {
    return joined(`Fits · ${usage(result)}`, speedText(result), durationText(result));
  }
  const placement = result.memory.placement;
  if (placement !== null) {
    return joined(
      `${placement.layersOnDevice}/${placement.layers} layers on GPU · ${usage(result)}`,
      speedText(result),
      maxContextText(result),
    );
  }
  if (result.limits.kvPoolTokens !== null) return joined(poolText(result), speedText(result));
  return joined(`Fits · ${usage(result)}`, speedText(result), maxContextText(result));
}

/** `Starts · 141k KV tokens = 4.3 × 32k`, for engines that fill a fraction of the card with KV cache. */
function poolText(result: EstimateResult): string {
  const pool = result.limits.kvPoolTokens ?? 0;
  const longest = result.job.inference.contextLength;
  return `Starts · ${formatTokens(pool)} KV tokens = ${(pool / longest).toFixed(1)} × ${formatTokens(longest)}`;
}

function tightText(result: EstimateResult): string {
  const peak = decidingDevice(result)?.devicePeak;
  if (peak === undefined) return 'Tight';
  return `Tight · ${times(result)}${formatGiB(peak.low)}–${formatGiB(peak.high)} of ${budget(result)}`;
}

function partialText(result: EstimateResult): string {
  const placement = result.memory.placement;
  const where =
    placement === null
      ? 'Partly on GPU, rest in RAM'
      : `${placement.layersOnDevice}/${placement.layers} layers on GPU, rest in RAM`;
  return joined(where, speedText(result));
}

function exceedsText(result: EstimateResult): string {
  if (result.failure === 'refuses-to-start') return refusalText(result);
  if (result.failure === 'host-oom') return hostText(result);
  const memory = decidingDevice(result);
  const largest = memory === null ? undefined : largestTerms(memory)[0];
  const because = largest === undefined ? '' : ` (${termText(largest)})`;
  return joined(`Needs ${usage(result)}${because}`, wayOutText(result));
}

function hostText(result: EstimateResult): string {
  const host = result.target.pools.find((pool) => pool.kind === 'host');
  const has = host === undefined ? '' : ` of ${formatGiB(host.usableBytes)}`;
  return `Needs ${formatGiB(result.memory.host.peak.expected)}${has} GiB RAM on the host`;
}

function refusalText(result: EstimateResult): string {
  const pool = result.limits.kvPoolTokens;
  const longest = result.job.inference.contextLength;
  if (pool !== null && pool < longest) {
    return joined(
      `Does not start · ${formatTokens(pool)} KV tokens, one sequence needs ${formatTokens(longest)}`,
      wayOutText(result),
    );
  }
  return `Does not start: ${clause(result.reason)}`;
}

/** The largest value of the setting that one would lower first, in the user's own word for it. */
function wayOutText(result: EstimateResult): string | null {
  const { limits, job } = result;
  if (job.task === 'train') {
    const largest = limits.maxMicroBatch;
    if (largest === null || largest < 1 || largest >= job.training.microBatch) return null;
    return `largest ${keyOf(result, 'training.microBatch', 'micro batch')} ${largest}`;
  }
  const largest = limits.maxContextLength;
  return largest === null || largest < 1 || largest >= job.inference.contextLength
    ? null
    : maxContextText(result);
}

function keyOf(result: EstimateResult, path: string, otherwise: string): string {
  return result.job.origins[path]?.key ?? otherwise;
}

function maxContextText(result: EstimateResult): string | null {
  const longest = result.limits.maxContextLength;
  return longest === null || longest < 1 ? null : `max context ${formatTokens(longest)}`;
}

/** The job asks for more devices than the target has: training for hardware that is not here. */
function isForOtherHardware(result: EstimateResult): boolean {
  return wantedDevices(result) > ownedDevices(result) && result.memory.perDevice.length > 0;
}

/** data × tensor × pipeline × context is the number of devices. */
function wantedDevices(result: EstimateResult): number {
  const { data, tensor, pipeline, context } = result.job.parallel;
  return data * tensor * pipeline * context;
}

function ownedDevices(result: EstimateResult): number {
  const devices = result.target.pools.filter((pool) => pool.kind !== 'host');
  return devices.length === 0 ? 1 : devices.reduce((count, pool) => count + pool.count, 0);
}

function otherHardwareParts(result: EstimateResult): readonly LensPart[] {
  const peak = decidingDevice(result)?.devicePeak.expected ?? 0;
  const picked = result.target.choice === 'chosen' || result.target.choice === 'declared';
  return [
    {
      text: `$(server) Needs ${wantedDevices(result)} × ${formatGiB(peak)} GiB`,
      action: 'explain',
      tooltip: `${clause(result.reason)}. Show how this is computed`,
    },
    picked
      ? targetPart(result)
      : { text: 'Choose target…', action: 'chooseTarget', tooltip: 'Choose the hardware to answer for' },
  ];
}

function unknownParts(result: EstimateResult): readonly LensPart[] {
  const first: LensPart = {
    text: `$(question) ${cannotTell(result.reason)}`,
    action: 'explain',
    tooltip: 'Why Rooflens cannot tell',
  };
  if (result.model.architecture !== null) return [first];
  return [
    first,
    {
      text: 'Point to config.json…',
      action: 'pointToModel',
      tooltip: 'Choose the config.json that describes this model',
    },
  ];
}

function isCpuOnly(result: EstimateResult): boolean {
  return result.target.pools.every((pool) => pool.kind === 'host');
}

function cpuText(result: EstimateResult): string {
  const used = usage(result);
  switch (result.verdict) {
    case 'exceeds':
      return `$(warning) ${exceedsText(result)}`;
    case 'tight':
      return `$(info) ${tightText(result)}`;
    case 'fits':
    case 'partial':
      if (result.job.task === 'train')
        return `$(check) ${joined(`Fits · ${used}`, speedText(result), durationText(result))}`;
      if (result.cpu?.suffices === false)
        return `$(info) ${joined(`CPU is slow · ${used}`, cpuSpeed(result))}`;
      return `$(check) ${joined(`CPU is enough · ${used}`, cpuSpeed(result))}`;
    case 'unknown':
      return `$(question) ${cannotTell(result.reason)}`;
  }
}

/** `~9 tok/s, first word after ~3 s` */
function cpuSpeed(result: EstimateResult): string | null {
  const speed = speedText(result);
  const wait = result.speed.perRequest.timeToFirstTokenSeconds ?? result.cpu?.timeToFirstTokenSeconds ?? null;
  if (speed === null || wait === null || result.job.task !== 'generate') return speed;
  return `${speed}, first word after ~${formatDuration(wait.expected)}`;
}

/** `17.8 of 23.5 GiB`, or `8 × 61.0 of 79.2 GiB` where there are several devices. */
function usage(result: EstimateResult): string {
  const peak = decidingDevice(result)?.devicePeak.expected ?? 0;
  return `${times(result)}${formatGiB(peak)} of ${budget(result)}`;
}

function times(result: EstimateResult): string {
  const devices = wantedDevices(result);
  return devices > 1 ? `${devices} × ` : '';
}

function budget(result: EstimateResult): string {
  return `${formatGiB(result.target.budget.bytes)} GiB${isCpuOnly(result) ? ' RAM' : ''}`;
}

const order: readonly Verdict[] = ['fits', 'tight', 'partial', 'exceeds'];

/** Said only where what others hold on the device changes the answer. */
function occupied(result: EstimateResult): string {
  if (order.indexOf(result.verdictNow) <= order.indexOf(result.verdict)) return '';
  const free = result.target.pools.flatMap((pool) =>
    pool.kind === 'host' || pool.freeBytes === null ? [] : [pool.freeBytes],
  );
  return free.length === 0 ? '' : ` · only ${formatGiB(Math.min(...free))} free now`;
}

const units: Readonly<Record<SpeedPhase['unit'], string>> = {
  tokens: 'tok/s',
  images: 'img/s',
  videos: 'videos/s',
  sequences: 'seq/s',
};

/** The rate that this kind of job is judged by: its training, generating or embedding. */
function speedText(result: EstimateResult): string | null {
  const wanted = result.job.task === 'train' ? ['train'] : ['decode', 'image', 'embed', 'prefill'];
  const phase = wanted
    .map((name) => result.speed.phases.find((each) => each.name === name))
    .find((each) => each !== undefined);
  if (phase === undefined) return null;
  const all = formatRate(phase.perSecond.expected);
  const unit = units[phase.unit];
  const each = result.speed.perRequest.decodeTokensPerSecond;
  const several = phase.name === 'decode' && each !== null && result.job.inference.concurrency > 1;
  const text = several ? `${formatRate(each.expected)} ${unit} each, ${all} in all` : `${all} ${unit}`;
  return (
    (phase.name === 'image' ? pictureRate(result, phase.perSecond.expected) : text) + source(phase.origin)
  );
}

/** `~8 s an image`, `~12 min a video`; `~2.1 img/s` for those that take less than a second. */
function pictureRate(result: EstimateResult, perSecond: number): string {
  if (perSecond > 1) return `${formatRate(perSecond)} ${units.images}`;
  const what = result.speed.phases.some((phase) => phase.unit === 'videos') ? 'a video' : 'an image';
  return `~${formatDuration(1 / perSecond)} ${what}`;
}

/** A number from a benchmark says nothing more; one that is not says what it rests on. */
function source(origin: Origin): string {
  switch (origin) {
    case 'exact':
    case 'measured':
    case 'reported':
    case 'formula':
      return '';
    case 'catalogue':
      return ' (catalogue)';
    case 'default':
    case 'assumed':
      return ' (assumed)';
  }
}

function durationText(result: EstimateResult): string | null {
  const seconds = result.speed.durationSeconds;
  if (seconds === null) return null;
  const epochs = result.job.training.data.epochs;
  const span = formatDuration(seconds.expected);
  return epochs === null ? span : `${span} for ${epochs} ${epochs === 1 ? 'epoch' : 'epochs'}`;
}

function bareParts(result: EstimateResult, { run, others }: BareVariants): readonly LensPart[] {
  if (result.model.parameters === null || (run.verdict === 'unknown' && others.length === 0))
    return unknownParts(result);
  const speed = speedText(run);
  return [
    {
      text: joined(sizeText(result, others), kvText(run)),
      action: 'explain',
      tooltip: 'Show how this is computed',
    },
    variantPart({ name: runName(run), says: 'Running it', result: run }, speed),
    // What an engine refuses on this target is no way to use the model there.
    ...others
      .filter((other) => other.result.failure !== 'refuses-to-start')
      .map((other) => variantPart(other, null)),
    targetPart(result),
  ];
}

/** What running a model of this kind is called. */
function runName(run: EstimateResult): string {
  switch (run.job.task) {
    case 'embed':
      return 'Embed';
    case 'classify':
      return 'Classify';
    case 'transcribe':
      return 'Transcribe';
    case 'generate':
    case 'diffuse':
    case 'train':
      return 'Run';
  }
}

const icons: Readonly<Record<Verdict, string>> = {
  fits: '$(check)',
  tight: '$(info)',
  partial: '$(split-horizontal)',
  exceeds: '$(close)',
  unknown: '$(question)',
};

function variantPart(
  { name, says, result }: Pick<AnsweredVariant, 'name' | 'says' | 'result'>,
  speed: string | null,
): LensPart {
  const shown = result.verdict === 'exceeds' || result.verdict === 'unknown' ? null : speed;
  const rate = result.job.task === 'train' ? null : speedText(result);
  const size = decidingDevice(result) === null ? '' : `: ${joined(usage(result), rate)}`;
  return {
    text: `${name} ${icons[result.verdict]}${shown === null ? '' : ` ${shown}`}`,
    action: 'explain',
    tooltip: `${says} ${verdictText(result.verdict)}${size}`,
  };
}

/** `8.03 B · bf16 15.0 · 4-bit 4.9 GiB`; a model that is stored in 4 bits says so once. */
function sizeText(result: EstimateResult, others: readonly AnsweredVariant[]): string {
  const { parameters, activeParameters, weightBytes } = result.model;
  const active =
    activeParameters !== null && parameters !== null && activeParameters < parameters * 0.6
      ? ` (${formatParameters(activeParameters)} active)`
      : '';
  const count = `${formatParameters(parameters ?? 0)}${active}`;
  if (weightBytes === null) return count;
  const own = `${storedAs(result)} ${formatGiB(weightBytes)}`;
  const lighter = others.find((other) => other.smaller !== null);
  const small = lighter?.result.model.weightBytes ?? null;
  const smaller =
    small !== null && small < weightBytes * 0.9 ? ` · ${lighter?.smaller ?? ''} ${formatGiB(small)}` : '';
  return `${count} · ${own}${smaller} GiB`;
}

const dtypeNames: Readonly<Partial<Record<Dtype, string>>> = {
  f64: 'fp64',
  f32: 'fp32',
  f16: 'fp16',
  f8_e4m3: 'fp8',
  f8_e5m2: 'fp8',
};

function storedAs(result: EstimateResult): string {
  const { quantization, dtype } = result.model;
  if (quantization !== null) return quantizationName(quantization);
  return dtype === null ? 'weights' : (dtypeNames[dtype] ?? dtype);
}

/** What one more token of context takes, as this model is run. */
function kvText(run: EstimateResult): string | null {
  const kept = decidingDevice(run)?.terms.find((term) => term.name === 'kvCache')?.size.expected;
  const tokens = run.job.inference.contextLength * run.job.inference.concurrency;
  if (kept === undefined || kept <= 0 || tokens <= 0) return null;
  return `KV ${formatBytes(Math.round(kept / tokens))}/token`;
}

function targetPart(result: EstimateResult): LensPart {
  return {
    text: result.target.label,
    action: 'chooseTarget',
    tooltip: `Answered for ${result.target.name}. Choose another target`,
  };
}

function explain(text: string, result: EstimateResult): LensPart {
  return { text, action: 'explain', tooltip: `${clause(result.reason)}. Show how this is computed` };
}

function cannotTell(reason: string): string {
  return `Cannot tell: ${clause(reason)}`;
}

/** A sentence without its full stop. */
function clause(sentence: string): string {
  return sentence.trim().replace(/\.$/, '');
}

function joined(...parts: readonly (string | null)[]): string {
  return parts.filter((part) => part !== null && part !== '').join(' · ');
}
