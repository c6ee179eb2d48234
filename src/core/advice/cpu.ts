import { cpuTarget } from '../hardware/localTarget';
import type { Machine } from '../hardware/device';
import type { EngineName, JobDocument } from '../job/jobDocument';
import type { ResolvedModel } from '../job/resolvedModel';
import { estimateMemory } from '../estimate/estimateMemory';
import { estimateSpeed } from '../speed/estimateSpeed';
import type { CpuAnswer } from '../speed/speedEstimate';
import { formatGiB } from '../units/bytes';
import { formatDuration, formatRate } from '../units/counts';
import { judge } from './verdict';
import { withSettings } from './jobSettings';

/**
 * Tokens per second at which text appears as fast as people read: 238 words a minute (Brysbaert 2019, the mean of 190 studies of silent
 * reading) at about four tokens to three English words.
 */
export const readingTokensPerSecond = (238 / 60) * (4 / 3);

/** Seconds that a person waits for a first word without turning to something else (Nielsen 1993, Usability Engineering, chapter 5). */
const patienceSeconds = 10;
/** A turn of a chat where the job names no prompt. */
const chatPromptTokens = 512;
/** A picture that takes longer is fetched later rather than waited for; six times the patience for a first word. */
const pictureSeconds = 6 * patienceSeconds;
/** A small fine-tuning: a thousand samples of a few hundred tokens, a few times over. */
const smallTuningTokens = 1e6;
const daySeconds = 86_400;

export interface CpuInput {
  readonly job: JobDocument;
  readonly models: readonly ResolvedModel[];
  readonly machine: Machine;
  readonly chatTokensPerSecond: number;
}

/** Whether the machine's own CPU would do the job well enough: the same model on the same core of arithmetic, other ceilings. */
export function cpuAnswer(input: CpuInput): CpuAnswer | null {
  const target = cpuTarget(input.machine, 'fallback');
  const prompt =
    input.job.inference.promptLength > 0
      ? input.job.inference.promptLength
      : Math.min(chatPromptTokens, input.job.inference.contextLength);
  const job = withSettings(input.job, {
    engine: { name: engineOnCpu(input.job.engine.name), version: null, backend: 'cpu' },
    'inference.promptLength': prompt,
    'inference.concurrency': 1,
    'inference.placement.gpuLayers': 0,
    'parallel.data': 1,
    'parallel.tensor': 1,
    'parallel.pipeline': 1,
  });
  const memory = estimateMemory({ job, models: input.models, target });
  if (memory.unknown !== null) return null;
  const speed = estimateSpeed({ job, models: input.models, target, memory });
  const { verdict } = judge(memory, target, job.engine.name);
  const holds = verdict === 'fits' || verdict === 'tight' || verdict === 'partial';
  const ramBytes = Math.round(Math.max(0, ...memory.perDevice.map((device) => device.devicePeak.expected)));
  const first = speed.perRequest.timeToFirstTokenSeconds;
  const decode = speed.perRequest.decodeTokensPerSecond;
  const train = speed.phases.find((phase) => phase.name === 'train')?.perSecond ?? null;
  const ram = `${formatGiB(ramBytes)} of ${formatGiB(target.pools[0]?.usableBytes ?? 0)} GiB RAM`;

  if (job.task === 'train') {
    const seconds =
      speed.durationSeconds?.expected ?? (train === null ? Infinity : smallTuningTokens / train.expected);
    const suffices = holds && seconds <= daySeconds;
    const what = speed.durationSeconds === null ? '1 million tokens' : 'the data';
    return {
      suffices,
      criterion: `${what} within a day`,
      timeToFirstTokenSeconds: null,
      decodeTokensPerSecond: null,
      trainTokensPerSecond: train,
      ramBytes,
      reason: !holds
        ? `The CPU does not suffice: it takes ${ram}.`
        : train === null
          ? 'The speed of this CPU is not known.'
          : `${what === 'the data' ? 'The data take' : '1 million tokens take'} about ${formatDuration(seconds)} at ${formatRate(train.expected)} tok/s, in ${ram}.`,
    };
  }
  if (job.task === 'diffuse') {
    const suffices = holds && first !== null && first.expected <= pictureSeconds;
    return {
      suffices,
      criterion: 'a picture within a minute',
      timeToFirstTokenSeconds: first,
      decodeTokensPerSecond: null,
      trainTokensPerSecond: null,
      ramBytes,
      reason: !holds
        ? `The CPU does not suffice: it takes ${ram}.`
        : first === null
          ? `It takes ${ram}; the speed of this CPU is not known.`
          : `${suffices ? 'The CPU is enough' : 'The CPU is slow'}: about ${formatDuration(first.expected)} for each, ${ram}.`,
    };
  }
  const embed = speed.phases.find((phase) => phase.name === 'embed')?.perSecond ?? null;
  if (job.task !== 'generate' && first === null) {
    const unit = speed.phases.some((phase) => phase.unit === 'images') ? 1 : prompt;
    const seconds = embed === null ? null : unit / embed.expected;
    const suffices = holds && seconds !== null && seconds <= patienceSeconds;
    const what = unit === 1 ? 'an image' : `${unit} tokens`;
    return {
      suffices,
      criterion: `${what} within ${patienceSeconds} s`,
      timeToFirstTokenSeconds: null,
      decodeTokensPerSecond: null,
      trainTokensPerSecond: null,
      ramBytes,
      reason: !holds
        ? `The CPU does not suffice: it takes ${ram}.`
        : seconds === null
          ? `It takes ${ram}; the speed of this CPU is not known.`
          : `${suffices ? 'The CPU is enough' : 'The CPU is slow'}: ${what} in about ${formatDuration(seconds)}, ${ram}.`,
    };
  }
  const wanted = input.chatTokensPerSecond;
  const quick = first !== null && first.expected <= patienceSeconds;
  const fluent = decode !== null && decode.expected >= wanted;
  const suffices = holds && (job.task === 'generate' ? quick && fluent : first === null || quick);
  return {
    suffices,
    criterion: `chat at reading speed (${wanted.toFixed(1)} tok/s, first word within ${patienceSeconds} s of ${prompt} tokens)`,
    timeToFirstTokenSeconds: first,
    decodeTokensPerSecond: decode,
    trainTokensPerSecond: null,
    ramBytes,
    reason: reasonOf(holds, ram, decode?.expected ?? null, first?.expected ?? null, suffices),
  };
}

function reasonOf(
  holds: boolean,
  ram: string,
  decode: number | null,
  first: number | null,
  suffices: boolean,
): string {
  if (!holds) return `The CPU does not suffice: it takes ${ram}.`;
  if (decode === null || first === null) return `It takes ${ram}; the speed of this CPU is not known.`;
  const figures = `${formatRate(decode)} tok/s, first word after about ${formatDuration(first)}, ${ram}`;
  return suffices ? `The CPU is enough: ${figures}.` : `The CPU is too slow for a chat: ${figures}.`;
}

/** Engines that only run on accelerators are answered for by the library that runs the same weights on a CPU. */
function engineOnCpu(engine: EngineName): EngineName {
  switch (engine) {
    case 'vllm':
    case 'sglang':
    case 'tgi':
    case 'tensorrt-llm':
    case 'exllamav2':
    case 'autoawq':
      return 'transformers';
    default:
      return engine;
  }
}
