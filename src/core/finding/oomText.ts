import type { TermName } from '../estimate/memoryEstimate';
import { formatBytes, GiB, KiB, MiB } from '../units/bytes';
import { formatTokens } from '../units/counts';
import type { EstimateResult } from './result';
import { decidingDevice, termLabel } from './termText';

/** What an out-of-memory message says, in one sentence that ends with the setting to change. null = the text holds none that is known. */
export function explainOutOfMemory(text: string, result: EstimateResult | null): string | null {
  for (const explain of messages) {
    const sentence = explain(text, result);
    if (sentence !== null) return sentence;
  }
  return null;
}

type Explain = (text: string, result: EstimateResult | null) => string | null;

/**
 * PyTorch, c10/cuda/CUDACachingAllocator.cpp: `Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 23.65 GiB of which
 * 1.14 GiB is free. … 1.02 GiB is reserved by PyTorch but unallocated`, and the older form in parentheses.
 */
const pytorch: Explain = (text, result) => {
  const tried = size(/Tried to allocate ([\d.]+ ?[KMG]i?B)/i.exec(text)?.[1]);
  if (tried === null) return null;
  const free = size(/of which ([\d.]+ ?[KMG]i?B) is free|; ([\d.]+ ?[KMG]i?B) free/i.exec(text)?.slice(1));
  const total = size(
    /total capacity of ([\d.]+ ?[KMG]i?B)|; ([\d.]+ ?[KMG]i?B) total capacity/i.exec(text)?.slice(1),
  );
  const idle = size(/([\d.]+ ?[KMG]i?B) is reserved by PyTorch but unallocated/i.exec(text)?.[1]);
  const left =
    free === null
      ? ''
      : ` with ${formatBytes(free)} free${total === null ? '' : ` of ${formatBytes(total)}`}`;
  const asked = `PyTorch asked for ${formatBytes(tried)}${left}`;
  if (idle !== null && idle > tried) {
    return `${asked} while it held ${formatBytes(idle)} that it did not use: fragmentation; set PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True.`;
  }
  const term = termOfSize(tried, result);
  return term === null
    ? `${asked}; ${wayOut(result?.job.task === 'generate' ? 'kvCache' : 'activations', result)}.`
    : `${asked}: that is the size of ${termLabel(term)}; ${wayOut(term, result)}.`;
};

/** vLLM, v1/core/kv_cache_utils.py: what one longest sequence needs against what the pool holds. */
const vllmPool: Explain = (text, result) => {
  const longest = /max(?:imum)? seq(?:uence)? len(?:gth)?(?: \(| of )([\d,]+)/i.exec(text)?.[1];
  if (longest === undefined) return null;
  const held = /stored in KV cache \(([\d,]+)\)|estimated maximum model length is ([\d,]+)/i.exec(text);
  const tokens = count(held?.[1] ?? held?.[2]);
  const needed = size(/([\d.]+ ?[KMG]i?B) KV cache is needed/i.exec(text)?.[1]);
  const available = size(/available KV cache memory \(([\d.]+ ?[KMG]i?B)\)/i.exec(text)?.[1]);
  const because =
    needed === null || available === null
      ? ''
      : `: ${formatBytes(needed)} are needed and ${formatBytes(available)} are left`;
  const key = contextKey(result);
  const way = tokens === null ? `lower ${key}` : `set ${key} to at most ${tokens}`;
  return `vLLM's KV cache does not hold one sequence of ${formatTokens(count(longest) ?? 0)} tokens${because}; ${way}, or raise gpu-memory-utilization.`;
};

/** vLLM, v1/worker/gpu_worker.py: something else holds the card already. */
const vllmStart: Explain = (text) => {
  const found = /Free memory on device[^(]*\(([\d.]+)\/([\d.]+) ?GiB\)[^(]*\(([\d.]+), ([\d.]+) ?GiB\)/i.exec(
    text,
  );
  if (found === null) return null;
  const [, free, total, fraction, wanted] = found;
  return `vLLM wants ${wanted ?? '?'} GiB (gpu-memory-utilization ${fraction ?? '?'}) and ${free ?? '?'} of ${total ?? '?'} GiB are free: another process holds the rest; end it or lower gpu-memory-utilization.`;
};

/** vLLM: weights and activations leave no room for a pool. */
const vllmNoBlocks: Explain = (text) =>
  /No available memory for the cache blocks/i.test(text)
    ? 'Weights and activations take all that vLLM may use, and nothing is left for the KV cache; raise gpu-memory-utilization, quantise the weights or use more devices.'
    : null;

/** ggml, ggml-cuda.cu: `allocating 4096.00 MiB on device 0: cudaMalloc failed: out of memory`. */
const llamaCpp: Explain = (text, result) => {
  const asked = size(/allocating ([\d.]+ ?[KMG]i?B) on device \d+: \w+ failed/i.exec(text)?.[1]);
  if (asked === null) return null;
  const kv = /kv[_ ]cache/i.test(text);
  const term: TermName = kv ? 'kvCache' : (termOfSize(asked, result) ?? 'weights');
  return `llama.cpp asked for ${formatBytes(asked)} at once: ${termLabel(term)}; ${kv ? wayOut('kvCache', result) : 'put fewer layers on the GPU (--n-gpu-layers) or take a smaller quantisation'}.`;
};

const messages: readonly Explain[] = [vllmStart, vllmPool, vllmNoBlocks, llamaCpp, pytorch];

/** Within this of the size that was asked for, a term is taken to be what was being allocated. */
const sameSize = 0.1;

function termOfSize(bytes: number, result: EstimateResult | null): TermName | null {
  const memory = result === null ? null : decidingDevice(result);
  const found = memory?.terms.find((term) => Math.abs(term.size.expected - bytes) <= bytes * sameSize);
  return found?.name ?? null;
}

/** The settings that make a term smaller, in the words of the job's file. */
function wayOut(term: TermName, result: EstimateResult | null): string {
  const microBatch = keyOf(result, 'training.microBatch', 'the micro batch size');
  const length = keyOf(result, 'training.sequenceLength', 'the sequence length');
  switch (term) {
    case 'logits':
    case 'activations':
      return `lower ${microBatch} or ${length}, or checkpoint activations`;
    case 'optimizerStates':
    case 'gradients':
      return 'train adapters only, take an 8-bit optimizer or shard over more devices';
    case 'weights':
    case 'adapters':
      return 'quantise the weights or use more devices';
    case 'kvCache':
    case 'recurrentState':
      return `lower ${contextKey(result)} or the number of sequences at once`;
    case 'communication':
    case 'cudaGraphs':
    case 'workspace':
    case 'output':
    case 'fragmentation':
    case 'runtime':
      return `lower ${result?.job.task === 'train' ? microBatch : contextKey(result)}`;
  }
}

function contextKey(result: EstimateResult | null): string {
  return keyOf(result, 'inference.contextLength', 'the context length');
}

function keyOf(result: EstimateResult | null, path: string, otherwise: string): string {
  return result?.job.origins[path]?.key ?? otherwise;
}

const units: Readonly<Record<string, number>> = { K: KiB, M: MiB, G: GiB };

/** `2.00 GiB` in bytes. Of several groups of a match the one that took part. */
function size(text: string | readonly (string | undefined)[] | undefined): number | null {
  const found =
    typeof text === 'string' || text === undefined ? text : text.find((each) => each !== undefined);
  const match = /^([\d.]+) ?([KMG])/i.exec(found ?? '');
  const unit = units[match?.[2]?.toUpperCase() ?? ''];
  const value = Number(match?.[1]);
  return unit === undefined || !Number.isFinite(value) ? null : Math.round(value * unit);
}

function count(text: string | undefined): number | null {
  return text === undefined ? null : Number(text.replaceAll(',', ''));
}
