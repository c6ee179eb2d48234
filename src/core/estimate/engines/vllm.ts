import { devicePools, type Pool } from '../../hardware/target';
import type { JobDocument } from '../../job/jobDocument';
import type { AttentionSpec, Blueprint, TensorSpec } from '../../model/blueprint';
import { formatGiB, GiB, MiB } from '../../units/bytes';
import { dtypeBytes, type Dtype } from '../../units/dtype';
import { exactly, range, rounded, type Range } from '../../units/range';
import { deviceMemory, draft, hostMemory, type TermDraft } from '../deviceMemory';
import { layerCacheBytes, bytesPerToken, type CacheRules } from '../terms/kvCache';
import { prefillBytes } from '../terms/prefill';
import { stateBytes } from '../terms/recurrentState';
import { heldTensors } from '../terms/weights';
import { unanswered, type EngineModel, type EngineRules } from './engineInput';

/** Tokens of a cache block (vllm/config/cache.py). */
const blockTokens = 16;

/**
 * vLLM: takes a fraction of the card's total memory; what weights, a trial run at full batch and everything outside PyTorch leave of it
 * becomes the cache (vllm/v1/worker/gpu_worker.py, determine_available_memory). It starts if the cache holds one sequence of the longest
 * length (vllm/v1/core/kv_cache_utils.py, check_enough_kv_cache_memory). A full layer needs ceil(length / block) pages, a sliding one
 * ceil((window - 1 + batched tokens) / block) + 1 (vllm/v1/kv_cache_interface.py). Latent attention is kept as a latent, on every rank.
 */
export const vllm: EngineRules = ({ job, main, others, target }) => {
  const pool = devicePools(target)[0];
  if (pool === undefined) return unanswered('the target has no device');
  if (pool.kind === 'host') return unanswered('vLLM on a CPU is not estimated yet');
  const { inference, parallel } = job;
  if (parallel.pipeline > 1 || parallel.context > 1)
    return unanswered('vLLM over pipeline or context ranks is not estimated yet');
  const ranks = Math.max(1, parallel.tensor);
  const heads = main.blueprint.layers[0]?.attention?.queryHeads ?? ranks;
  const limits = schedulerLimits(job, pool);
  const weights = rankWeights(main, ranks);
  const otherWeights = others.reduce((bytes, model) => bytes + rankWeights(model, ranks), 0);
  const profile = profilePeak(main.blueprint, main.dtype, limits, ranks);
  const nonTorch = range(150 * MiB, 320 * MiB, 800 * MiB);
  // Recent versions estimate the graphs' memory and keep it within the fraction; before, it came on top.
  const graphs = inference.eager ? range(0, 0, 0) : range(100 * MiB, 500 * MiB, 1024 * MiB);
  const fraction = inference.memoryFraction ?? 0.92;
  const requested = pool.totalBytes * fraction;
  const cache: Range = range(
    requested - weights - otherWeights - profile.high - nonTorch.high - graphs.expected,
    requested - weights - otherWeights - profile.expected - nonTorch.expected,
    requested - weights - otherWeights - profile.low - nonTorch.low,
  );
  const rules = cacheRules(main, job, limits.batchedTokens, ranks);
  const required =
    main.blueprint.layers.reduce((bytes, layer) => bytes + layerCacheBytes(layer, rules), 0) +
    stateBytes(main.blueprint, main.dtype) / ranks;
  const perToken = bytesPerToken(main.blueprint, rules);
  const held = range(Math.max(0, cache.low), Math.max(0, cache.expected), Math.max(0, cache.high));
  const margin = range(cache.low - required, cache.expected - required, cache.high - required);
  // The pool is what the rest leaves of the fraction: their uncertainties cancel out, so at the peak both stand at their expected value,
  // and the intervals are told as the terms' sizes.
  const filled = cache.expected > 0;
  const settled = (value: Range): Range => (filled ? exactly(value.expected) : value);
  const terms = (cacheBytes: Range, activations: Range): readonly TermDraft[] => [
    draft('weights', weights, 'exact'),
    ...others.map((model) => draft('weights', rankWeights(model, ranks), 'exact', model.role)),
    draft('kvCache', cacheBytes),
    draft('activations', activations),
    draft('cudaGraphs', graphs, 'assumed'),
  ];
  const spreads = new Map<string, Range>([
    ['kvCache', rounded(held)],
    ['activations', rounded(profile)],
  ]);
  const device = deviceMemory({
    device: pool.name,
    ranks,
    instants: [{ phase: 'prefill', terms: terms(settled(held), settled(profile)) }],
    fragmentation: () => range(0, 0, 128 * MiB),
    runtime: draft('runtime', settled(nonTorch), 'assumed'),
  });
  return {
    perDevice: [
      {
        ...device,
        terms: device.terms.map((term) => ({ ...term, size: spreads.get(term.name) ?? term.size })),
      },
    ],
    host: hostMemory([draft('runtime', range(2 * GiB, 4 * GiB, 8 * GiB), 'assumed')]),
    diskBytes: null,
    placement: null,
    kvPoolTokens:
      perToken > 0 ? poolTokens(held.expected, required, perToken, inference.contextLength) : null,
    kvRequiredBytes: Math.round(required),
    poolMargin: margin,
    adapterParameters: 0,
    trainableParameters: 0,
    weightBytes: heldTensors(main.blueprint, main.quantization, main.dtype).reduce(
      (bytes, tensor) => bytes + tensor.bytes,
      0,
    ),
    notes: [],
    refusal: refusal(job, heads, ranks, cache, required, margin, perToken, requested, pool),
    unknown: null,
  };
};

/** Tokens that the pool holds: whole sequences by what each needs, so that windows count for what they are. */
function poolTokens(pool: number, required: number, perToken: number, length: number): number {
  return Math.floor(required > 0 ? (pool / required) * length : pool / perToken);
}

function refusal(
  job: JobDocument,
  heads: number,
  ranks: number,
  cache: Range,
  required: number,
  margin: Range,
  perToken: number,
  requested: number,
  pool: Pool,
): string | null {
  if (heads % ranks !== 0) return `tensor_parallel_size ${ranks} does not divide ${heads} attention heads`;
  if (requested > pool.totalBytes)
    return `gpu_memory_utilization ${(requested / pool.totalBytes).toFixed(2)} asks for more than the device has`;
  if (cache.high <= 0)
    return `weights and activations leave no memory for the cache within ${formatGiB(requested)} GiB`;
  if (margin.high < 0) {
    const longest =
      perToken > 0 ? Math.floor((Math.max(0, cache.expected) / required) * job.inference.contextLength) : 0;
    return `one sequence of ${job.inference.contextLength} tokens needs ${formatGiB(required)} GiB of KV cache and ${formatGiB(Math.max(0, cache.expected))} are left: about ${longest} tokens would do`;
  }
  return null;
}

interface SchedulerLimits {
  readonly batchedTokens: number;
  readonly sequences: number;
}

/**
 * Defaults by card (vllm/engine/arg_utils.py): 1024 sequences and 8192 batched tokens on cards of 70 GiB and more but A100, else 256
 * and 2048.
 */
function schedulerLimits(job: JobDocument, pool: Pool): SchedulerLimits {
  const large = pool.totalBytes >= 70 * GiB && !/a100/i.test(pool.name);
  const batchedTokens = job.inference.maxBatchedTokens ?? (large ? 8192 : 2048);
  return {
    batchedTokens,
    sequences: Math.min(job.inference.maxSequences ?? (large ? 1024 : 256), batchedTokens),
  };
}

/** Weights on one rank: matrices and embeddings are cut, norms are not; the vocabulary is padded to 64 per rank. */
function rankWeights(model: EngineModel, ranks: number): number {
  const held = heldTensors(model.blueprint, model.quantization, model.dtype);
  return Math.ceil(
    held.reduce((bytes, { tensor, bytes: size }) => bytes + (isCut(tensor) ? size / ranks : size), 0),
  );
}

function isCut(tensor: TensorSpec): boolean {
  return tensor.role !== 'norm' && tensor.role !== 'router' && tensor.shape.length >= 2;
}

/**
 * The trial run: a prompt of all batched tokens through the widest layer, or the sampler over all sequences. The sampler sorts the
 * logits with their indices: 16-bit and fp32 logits, sorted values and 64-bit indices with the sort's own buffers, probabilities, their
 * running sum and a mask: about 34 bytes an entry (vllm/v1/sample/ops/topk_topp_sampler.py).
 */
function profilePeak(blueprint: Blueprint, dtype: Dtype, limits: SchedulerLimits, ranks: number): Range {
  const compute = dtypeBytes(dtype);
  const layers = prefillBytes(blueprint, limits.batchedTokens, compute, null) / Math.min(ranks, 8);
  const hidden = limits.batchedTokens * blueprint.hidden * compute * 2;
  const entries = limits.sequences * blueprint.vocab;
  const sampler = (bytes: number): number => entries * bytes + hidden;
  return range(
    Math.max(layers * 0.8, entries * 6),
    Math.max(layers, sampler(34)),
    Math.max(layers * 1.3, sampler(46)),
  );
}

function cacheRules(main: EngineModel, job: JobDocument, batchedTokens: number, ranks: number): CacheRules {
  const { contextLength, kv } = job.inference;
  const pages = (tokens: number): number => Math.ceil(tokens / blockTokens) * blockTokens;
  const type = (name: string): string => (name === 'auto' || name === 'f16' ? main.dtype : name);
  // Heads are cut over ranks and repeated where there are fewer heads than ranks.
  const share = (attention: AttentionSpec): number =>
    attention.latent !== null ? 1 : Math.max(1, attention.kvHeads / ranks) / attention.kvHeads;
  return {
    cells(attention) {
      const own = share(attention);
      if (attention.kind === 'cross') return own * pages(attention.crossTokens ?? contextLength);
      if (attention.window === null) return own * pages(contextLength);
      const within = Math.min(attention.window - 1 + batchedTokens, contextLength);
      return own * (pages(within) + blockTokens);
    },
    latent: true,
    keyType: type(kv.k),
    valueType: type(kv.v),
  };
}
