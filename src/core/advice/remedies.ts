import type { ImageSettings } from '../job/jobDocument';
import { formatGiB } from '../units/bytes';
import type { Verdict } from './verdict';
import { largestFitting, tryWith, type Tried } from './whatFits';

/** A change of settings with the estimate after it. The caller adds the text edits. */
export interface Suggestion {
  /** What is done, without the result: `Checkpoint activations`. */
  readonly what: string;
  /** `Checkpoint activations → 19.4 of 23.5 GiB`. */
  readonly title: string;
  readonly set: Readonly<Record<string, unknown>>;
  readonly changesResults: boolean;
  readonly verdict: Verdict;
  readonly expectedBytes: number;
}

interface Candidate {
  readonly what: string;
  readonly set: Readonly<Record<string, unknown>>;
  readonly changesResults: boolean;
  /** Said after the result: `same effective batch`. */
  readonly note?: string;
}

/** The user's own key for a path, e.g. `micro_batch_size`; null = it has none. */
export type KeyOf = (path: string) => string | null;

/**
 * Changes that make the job fit, or come nearer to it: each is estimated again and offered only if it needs clearly less. Those that leave
 * the job's results alone come first, those that fit before those that do not, then by how little they change: in the order tried.
 */
export function findRemedies(tried: Tried, keyOf: KeyOf = () => null): readonly Suggestion[] {
  const { judgement, situation } = tried;
  if (judgement.verdict === 'fits' || judgement.verdict === 'unknown') return [];
  const budget = (judgement.pool?.usableBytes ?? 0) - situation.headroom;
  // What closes less than a tenth of the gap is no way out, and hides those that are.
  const worthwhile = Math.max(tried.peakBytes * 0.01, (tried.peakBytes - budget) * 0.1);
  const suggestions: (Suggestion & { readonly order: number })[] = [];
  candidates(tried, keyOf).forEach((candidate, order) => {
    const after = tryWith(situation, candidate.set);
    if (after.memory.unknown !== null) return;
    const saved = tried.peakBytes - after.peakBytes;
    const better = saved > worthwhile || rank(after.judgement.verdict) < rank(judgement.verdict);
    // A job that runs with a part on the host is only helped by what brings it back to the device.
    if (!better || (judgement.verdict === 'partial' && rank(after.judgement.verdict) >= rank('partial')))
      return;
    const { what } = candidate;
    const note = candidate.note === undefined ? '' : `, ${candidate.note}`;
    const changes = candidate.changesResults ? ' (changes results)' : '';
    suggestions.push({
      what,
      title: `${what}${changes} → ${formatGiB(after.peakBytes)} of ${formatGiB(budget)} GiB${note}`,
      set: candidate.set,
      changesResults: candidate.changesResults,
      verdict: after.judgement.verdict,
      expectedBytes: Math.round(after.peakBytes),
      order,
    });
  });
  return suggestions
    .sort(
      (a, b) =>
        Number(a.changesResults) - Number(b.changesResults) ||
        rank(a.verdict) - rank(b.verdict) ||
        a.order - b.order,
    )
    .map(({ order: _, ...suggestion }) => suggestion);
}

function rank(verdict: Verdict): number {
  return ['fits', 'partial', 'tight', 'exceeds', 'unknown'].indexOf(verdict);
}

function candidates(tried: Tried, keyOf: KeyOf): readonly Candidate[] {
  return tried.situation.job.task === 'train'
    ? trainingCandidates(tried, keyOf)
    : inferenceCandidates(tried, keyOf);
}

function trainingCandidates(tried: Tried, keyOf: KeyOf): readonly Candidate[] {
  const { training, models, engine } = tried.situation.job;
  const list: Candidate[] = [];
  const checkpointing = { 'training.gradientCheckpointing': 'full' };
  const off = training.gradientCheckpointing !== 'full';
  if (off) list.push({ what: 'Checkpoint activations', set: checkpointing, changesResults: false });
  // Preference objectives need the probabilities themselves.
  if (training.loss === 'plain' && ['sft', 'pretrain'].includes(training.objective))
    list.push({ what: 'Fused cross entropy', set: { 'training.loss': 'fused' }, changesResults: false });
  const halves: Candidate[] = [];
  for (let batch = Math.floor(training.microBatch / 2); batch >= 1; batch = Math.floor(batch / 2)) {
    if (training.microBatch % batch !== 0) continue;
    const accumulation = training.gradientAccumulation * (training.microBatch / batch);
    const set = { 'training.microBatch': batch, 'training.gradientAccumulation': accumulation };
    halves.push({
      what: `${keyOf('training.microBatch') ?? 'micro batch'} ${batch}, ${keyOf('training.gradientAccumulation') ?? 'accumulation'} ${accumulation}`,
      set,
      changesResults: false,
      note: 'same effective batch',
    });
  }
  // The largest batch that fits is enough; smaller ones only cost speed.
  const enough =
    halves.find(({ set }) => tryWith(tried.situation, set).judgement.verdict === 'fits') ?? halves.at(-1);
  if (enough !== undefined) {
    list.push(enough);
    if (off)
      list.push({
        ...enough,
        what: `Checkpoint activations, ${enough.what}`,
        set: { ...checkpointing, ...enough.set },
      });
  }
  if (training.optimizer.stateBits === null && training.optimizer.name === 'adamw') {
    list.push({
      what: '8-bit optimizer',
      set: { 'training.optimizer': eightBitAdam },
      changesResults: true,
    });
    list.push({
      what: 'Paged 8-bit optimizer',
      set: { 'training.optimizer': { ...eightBitAdam, name: 'paged_adamw_8bit', paged: true } },
      changesResults: true,
    });
  }
  if (training.method === 'full')
    list.push({ what: 'LoRA', set: { 'training.method': 'lora' }, changesResults: true });
  const adapted = training.method === 'lora' || training.method === 'dora';
  const base = models[0]?.quantization;
  // axolotl quantises experts where it is told to, and refuses that with adapters on all linear layers.
  const experts =
    engine.name === 'axolotl' && training.lora.targets !== 'all-linear' ? { experts: true } : {};
  if (adapted && !base)
    list.push({
      what: '4-bit base',
      set: { 'models.0.quantization': { method: 'bnb-nf4', doubleQuant: true, ...experts } },
      changesResults: true,
    });
  if (
    adapted &&
    base?.method.startsWith('bnb') === true &&
    tried.memory.unreached?.kind === 'experts' &&
    'experts' in experts
  )
    list.push({
      what: 'Quantise the experts',
      set: { 'models.0.quantization': { ...base, ...experts } },
      changesResults: true,
    });
  const length = shorterLength(tried, 'training.sequenceLength', training.sequenceLength);
  if (length !== null)
    list.push({
      what: `${keyOf('training.sequenceLength') ?? 'sequence length'} ${length}`,
      set: { 'training.sequenceLength': length },
      changesResults: true,
    });
  return list;
}

const eightBitAdam = {
  name: 'adamw_8bit',
  stateBits: null,
  paged: false,
  implementation: null,
  inBackward: false,
};

function inferenceCandidates(tried: Tried, keyOf: KeyOf): readonly Candidate[] {
  const { inference, models, engine, task } = tried.situation.job;
  const list: Candidate[] = [];
  if (task === 'diffuse') return pictureCandidates(tried);
  if (task !== 'generate') return list;
  const length = shorterLength(tried, 'inference.contextLength', inference.contextLength);
  if (length !== null)
    list.push({
      what: `${keyOf('inference.contextLength') ?? 'context'} ${length}`,
      set: { 'inference.contextLength': length },
      changesResults: false,
    });
  if (inference.concurrency > 1)
    list.push({
      what: `${keyOf('inference.concurrency') ?? 'concurrency'} ${Math.floor(inference.concurrency / 2)}`,
      set: { 'inference.concurrency': Math.floor(inference.concurrency / 2) },
      changesResults: false,
    });
  if (engine.name === 'llama.cpp' || engine.name === 'ollama') {
    if (!inference.flashAttention)
      list.push({
        what: 'Flash attention',
        set: { 'inference.flashAttention': true },
        changesResults: false,
      });
    list.push({
      what: 'KV cache in q8_0',
      set: { 'inference.kv.k': 'q8_0', 'inference.kv.v': 'q8_0', 'inference.flashAttention': true },
      changesResults: true,
    });
  }
  if (engine.name === 'vllm')
    list.push({
      what: 'KV cache in fp8',
      set: { 'inference.kv.k': 'fp8', 'inference.kv.v': 'fp8' },
      changesResults: true,
    });
  if (engine.name === 'transformers' && !models[0]?.quantization)
    list.push({
      what: '4-bit weights',
      set: { 'models.0.quantization': { method: 'bnb-nf4', doubleQuant: true } },
      changesResults: true,
    });
  return list;
}

/** What diffusers' own documents advise where memory is short, from what costs least. */
function pictureCandidates(tried: Tried): readonly Candidate[] {
  const { inference, models } = tried.situation.job;
  const parts = tried.situation.models.length > 1;
  const image: ImageSettings = inference.image ?? {
    width: null,
    height: null,
    frames: null,
    steps: null,
    batch: 1,
    vaeTiling: false,
    offload: 'none',
  };
  const sixteen = { 'models.0.dtype': 'bf16' };
  const withImage = (set: Partial<ImageSettings>): Readonly<Record<string, unknown>> => ({
    'inference.image': { ...image, ...set },
  });
  const list: Candidate[] = [];
  const inFp32 = (models[0]?.dtype ?? null) === null || models[0]?.dtype === 'f32';
  if (!image.vaeTiling)
    list.push({ what: 'Tiled decoding', set: withImage({ vaeTiling: true }), changesResults: true });
  if (inFp32) list.push({ what: '16-bit weights', set: sixteen, changesResults: true });
  if (image.offload === 'none' && parts) {
    const model = withImage({ offload: 'model' });
    list.push({ what: 'Model offload', set: model, changesResults: false });
    if (inFp32)
      list.push({
        what: '16-bit weights, model offload',
        set: { ...sixteen, ...model },
        changesResults: true,
      });
    list.push({
      what: '16-bit weights, model offload, tiled decoding',
      set: { ...sixteen, ...withImage({ offload: 'model', vaeTiling: true }) },
      changesResults: true,
    });
  }
  if (image.offload === 'none' || image.offload === 'model') {
    list.push({
      what: 'Group offload, tiled decoding',
      set: { ...sixteen, ...withImage({ offload: 'group', vaeTiling: true }) },
      changesResults: true,
    });
    list.push({
      what: 'Sequential offload',
      set: withImage({ offload: 'sequential' }),
      changesResults: false,
    });
  }
  return list;
}

/** The longest length that fits, in whole steps of 1024 tokens (256 below 2048); else half of what is asked for. */
function shorterLength(tried: Tried, path: string, length: number): number | null {
  const fitting = largestFitting(
    length - 1,
    (shorter) => tryWith(tried.situation, { [path]: shorter }).judgement.verdict === 'fits',
  );
  const longest = fitting ?? Math.floor(length / 2);
  const step = longest >= 2048 ? 1024 : 256;
  const whole = Math.floor(longest / step) * step;
  return whole >= 256 ? whole : null;
}
