import { cpuAnswer, readingTokensPerSecond } from '../advice/cpu';
import { findLimits, noLimits } from '../advice/limits';
import { findRemedies } from '../advice/remedies';
import type { Judgement } from '../advice/verdict';
import { tryOut, type Tried } from '../advice/whatFits';
import type { MemoryEstimate } from '../estimate/memoryEstimate';
import type { Machine } from '../hardware/device';
import { deviceBudget, deviceCount, type Target } from '../hardware/target';
import type { Job } from '../job/job';
import type { ResolvedModel } from '../job/resolvedModel';
import type { Blueprint } from '../model/blueprint';
import { activeParameterCount, parameterCount } from '../model/parameters';
import { estimateSpeed } from '../speed/estimateSpeed';
import { formatGiB } from '../units/bytes';
import type { EstimateResult, ModelSummary } from './result';
import { sumText } from './sumText';

export interface AnswerInput {
  /** Ecosystem of the document: `axolotl`, `hf-config`, `job`. */
  readonly kind: string;
  readonly job: Job;
  readonly models: readonly ResolvedModel[];
  readonly target: Target;
  /** The machine at hand, for the question whether its CPU is enough; null = not asked. */
  readonly machine: Machine | null;
  /** Absolute path; null for a job from standard input. */
  readonly file: string | null;
  readonly line: number;
  readonly chatTokensPerSecond?: number;
  /** Bytes to keep free on each device. */
  readonly headroomBytes?: number | null;
  /** Leave out what needs many estimates (limits, remedies), for tables that show a peak only. */
  readonly brief?: boolean;
}

/** The whole answer for one job: every surface renders this. Never throws for a job that was completed. */
export function answer(input: AnswerInput): EstimateResult {
  const { job, target } = input;
  const headroom = input.headroomBytes ?? 0;
  const tried = tryOut({ job: job.document, models: input.models, target, headroom });
  const { memory } = tried;
  const judgement = tooFewDevices(job, target) ?? tried.judgement;
  const brief = input.brief === true;
  const keyOf = (path: string): string | null => job.origins[path]?.key ?? null;
  return {
    source: { file: input.file, line: input.line, key: job.anchorKey === '' ? null : job.anchorKey },
    kind: input.kind,
    verdict: judgement.verdict,
    verdictNow: judgement.verdictNow,
    failure: judgement.failure,
    reason: [reasonOf(tried, judgement, target), ...memory.notes.slice(0, 1).map(sentence)].join(' '),
    model: modelSummary(input.models, memory),
    job: { ...job.document, origins: job.origins },
    target: {
      name: target.name,
      label: target.label,
      choice: target.choice,
      alternatives: target.alternatives,
      pools: target.pools.map(({ kind, name, count, usableBytes, freeBytes }) => ({
        kind,
        name,
        count,
        usableBytes,
        freeBytes,
      })),
      budget: {
        bytes: Math.max(0, deviceBudget(target) - headroom),
        rule: headroom > 0 ? `usable less ${formatGiB(headroom)} GiB kept free` : 'usable',
      },
    },
    memory: {
      perDevice: memory.perDevice,
      host: memory.host,
      diskBytes: memory.diskBytes,
      placement: memory.placement,
    },
    limits: brief ? noLimits : findLimits(tried),
    speed: estimateSpeed({ job: job.document, models: input.models, target, memory }),
    cpu:
      brief || input.machine === null
        ? null
        : cpuAnswer({
            job: job.document,
            models: input.models,
            machine: input.machine,
            chatTokensPerSecond: input.chatTokensPerSecond ?? readingTokensPerSecond,
          }),
    remedies: brief
      ? []
      : findRemedies({ ...tried, judgement }, keyOf).map(({ what: _, ...remedy }) => ({
          ...remedy,
          edits: [],
        })),
  };
}

/** Devices that a job is written for. */
export function devicesOf(job: Job): number {
  const { data, tensor, pipeline, context } = job.document.parallel;
  return Math.max(1, data) * Math.max(1, tensor) * Math.max(1, pipeline) * Math.max(1, context);
}

function tooFewDevices(job: Job, target: Target): Judgement | null {
  return devicesOf(job) <= deviceCount(target)
    ? null
    : { verdict: 'exceeds', verdictNow: 'exceeds', failure: 'refuses-to-start', pool: null, need: null };
}

function reasonOf(tried: Tried, judgement: Judgement, target: Target): string {
  const { memory } = tried;
  if (memory.unknown !== null) return sentence(memory.unknown);
  if (memory.refusal !== null) return sentence(memory.refusal);
  const worst = memory.perDevice.reduce<MemoryEstimate['perDevice'][number] | null>(
    (most, device) =>
      most === null || device.devicePeak.expected > most.devicePeak.expected ? device : most,
    null,
  );
  if (worst === null) return 'There is no figure for this job.';
  const budget = deviceBudget(target) - tried.situation.headroom;
  const needed = judgement.need ?? worst.devicePeak;
  const need = `${formatGiB(needed.expected)} of ${formatGiB(budget)} GiB`;
  const terms = sumText(worst, 3);
  switch (judgement.verdict) {
    case 'fits':
      return `Needs ${need}: ${terms}.`;
    case 'tight':
      return `Needs ${formatGiB(needed.low)} to ${formatGiB(needed.high)} of ${formatGiB(budget)} GiB, so it may or may not fit: ${terms}.`;
    case 'partial':
      return `Runs with a part in host memory; the device holds ${need}: ${terms}.`;
    case 'exceeds':
      return judgement.failure === 'host-oom'
        ? `Host memory does not hold ${formatGiB(memory.host.peak.expected)} GiB.`
        : judgement.need === null
          ? `The job is written for more devices than ${target.label} has.`
          : `Needs ${need}: ${terms}.`;
    case 'unknown':
      return 'There is no figure for this job.';
  }
}

/** A reason as a sentence; one that begins with an id or a key (`org/name`, `num_heads`) keeps its letters. */
function sentence(text: string): string {
  const trimmed = text.trim();
  const isWord = /^[a-z]+[\s,:]/.test(trimmed);
  const first = isWord ? trimmed.charAt(0).toUpperCase() + trimmed.slice(1) : trimmed;
  return /[.!?]$/.test(first) ? first : `${first}.`;
}

/** Of the main model; of all parts where it is a pipeline. */
function summed(models: readonly ResolvedModel[], count: (blueprint: Blueprint) => number): number {
  const main = models.find((model) => model.setting.role === 'main') ?? models[0];
  return models
    .filter((model) => model === main || model.part !== undefined)
    .reduce((sum, { outcome }) => sum + (outcome.ok ? count(outcome.blueprint) : 0), 0);
}

function modelSummary(models: readonly ResolvedModel[], memory: MemoryEstimate): ModelSummary {
  const main = models.find((model) => model.setting.role === 'main') ?? models[0];
  const blueprint = main?.outcome.ok === true ? main.outcome.blueprint : null;
  return {
    id: main?.id ?? null,
    architecture: blueprint?.architecture ?? null,
    parameters: blueprint === null ? null : summed(models, parameterCount),
    activeParameters: blueprint === null ? null : summed(models, activeParameterCount),
    trainableParameters: memory.trainableParameters,
    weightBytes: blueprint === null || memory.unknown !== null ? null : memory.weightBytes,
    dtype: main?.setting.dtype ?? memory.loadedAs ?? blueprint?.dtype ?? null,
    quantization:
      (main?.setting.quantization === undefined ? blueprint?.quantization : main.setting.quantization) ??
      null,
    unreached: memory.unreached ?? null,
    origin: blueprint?.origin ?? 'assumed',
  };
}
