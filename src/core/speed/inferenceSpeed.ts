import type { MemoryEstimate } from '../estimate/memoryEstimate';
import { writesTokens } from '../estimate/engines/transformersInference';
import { cacheBytes } from '../estimate/terms/kvCache';
import { stateBytes } from '../estimate/terms/recurrentState';
import { heldTensors } from '../estimate/terms/weights';
import { devicePools, hostPool, type Pool, type Target } from '../hardware/target';
import type { JobDocument } from '../job/jobDocument';
import type { Blueprint, Quantization } from '../model/blueprint';
import type { Dtype } from '../units/dtype';
import { weakest, type Origin } from '../units/origin';
import { divide, scale, sum, type Range } from '../units/range';
import { bandwidthLimit, computeLimit, hostBandwidth, linkLimit } from './ceilings';
import { computeEfficiency, decodeEfficiency, deviceClass, launchCost, matrixType } from './efficiency';
import { noSpeed } from './noSpeed';
import { forwardOperations, weightBytesRead } from './operations';
import type { Bound, SpeedEstimate, SpeedPhase } from './speedEstimate';

export interface InferenceSpeedInput {
  readonly job: JobDocument;
  readonly target: Target;
  readonly memory: MemoryEstimate;
  readonly blueprint: Blueprint;
  readonly quantization: Quantization | null;
  readonly dtype: Dtype;
}

/** Seconds of one step with what bounds it. */
interface Step {
  readonly seconds: Range;
  readonly bound: Bound;
  readonly origin: Origin;
}

/**
 * Decode: every weight that a token touches and the cache at the depth asked for are read once per step (roofline: Williams et al.
 * 2009); prefill: the operations of the prompt. Each over the device's ceiling and the share of it that the engine reaches.
 */
export function inferenceSpeed(input: InferenceSpeedInput): SpeedEstimate {
  const { job, target } = input;
  const pool = devicePools(target)[0];
  if (pool === undefined) return noSpeed;
  const { inference } = job;
  const depth = inference.promptLength > 0 ? inference.promptLength : inference.contextLength;
  const sequences = Math.max(1, inference.concurrency);
  const phases: SpeedPhase[] = [];
  let decodeRate: Range | null = null;
  const prefill = prefillStep(input, pool, depth);
  const writes = writesTokens(job.task, input.blueprint);
  if (writes) {
    const decode = decodeStep(input, pool, depth, sequences);
    if (prefill !== null) phases.push(phase('prefill', depth, prefill));
    if (decode !== null) {
      phases.push(phase('decode', sequences, decode));
      decodeRate = divide(1, decode.seconds);
    }
  } else if (prefill !== null) {
    const pictures = input.blueprint.task === 'vision';
    const embed = phase('embed', pictures ? 1 : depth, prefill);
    phases.push(pictures ? { ...embed, unit: 'images' } : embed);
  }
  const first =
    prefill === null || !writes
      ? null
      : decodeRate === null
        ? prefill.seconds
        : sum(prefill.seconds, divide(1, decodeRate));
  return {
    phases,
    perRequest: { timeToFirstTokenSeconds: first, decodeTokensPerSecond: decodeRate },
    durationSeconds: null,
  };
}

function phase(name: SpeedPhase['name'], tokens: number, step: Step): SpeedPhase {
  return {
    name,
    perSecond: divide(tokens, step.seconds),
    unit: 'tokens',
    boundBy: step.bound,
    origin: step.origin,
  };
}

/** Seconds of one decoding step of all sequences together. */
function decodeStep(input: InferenceSpeedInput, pool: Pool, depth: number, sequences: number): Step | null {
  const { job, blueprint, memory } = input;
  const bandwidth = bandwidthLimit(pool);
  if (bandwidth === null) return null;
  const held = heldTensors(blueprint, input.quantization, input.dtype);
  const weights = weightBytesRead(blueprint, held, sequences);
  const cache = sequences * cachedBytes(input, depth);
  const hostShare = memory.placement === null ? null : memory.placement;
  const total = weights + cache;
  const hostWeights = Math.min(weights, hostShare?.hostWeightBytes ?? 0);
  const hostCache = hostShare === null ? 0 : Math.min(cache, hostShare.hostKvBytes);
  const device = deviceClass(pool);
  const efficiency = decodeEfficiency(job.engine.name, device);
  let seconds = rate(total - hostWeights - hostCache, bandwidth.perSecond, efficiency);
  let bound: Bound = 'memory';
  let origin = bandwidth.origin;
  if (hostWeights + hostCache > 0) {
    const host = hostBandwidth(hostPool(input.target));
    const onHost = rate(hostWeights + hostCache, host.perSecond, decodeEfficiency(job.engine.name, 'cpu'));
    if (onHost.expected > seconds.expected) bound = 'host';
    seconds = sum(seconds, onHost);
    origin = weakest(origin, host.origin);
  }
  const operations = sequences * forwardOperations(blueprint, 1, depth, 1);
  const type = matrixType(job.engine.name, pool, input.dtype, input.quantization);
  const compute = computeLimit(pool, type);
  if (compute !== null) {
    const computing = rate(
      operations,
      compute.perSecond,
      computeEfficiency(job.engine.name, pool, 'prefill', type),
    );
    if (computing.expected > seconds.expected) bound = 'compute';
    seconds = slower(seconds, computing);
  }
  const { operationsPerLayer, secondsEach, overlaps } = launchCost(job.engine.name, job.inference.eager);
  const launching = scale(secondsEach, operationsPerLayer * blueprint.layers.length);
  if (device !== 'cpu' && launching.expected > seconds.expected) bound = 'launch';
  if (device !== 'cpu' || overlaps) seconds = overlaps ? slower(seconds, launching) : sum(seconds, launching);
  return { seconds, bound, origin };
}

/** Seconds until a prompt of that many tokens has been read. */
function prefillStep(input: InferenceSpeedInput, pool: Pool, tokens: number): Step | null {
  const { job, blueprint } = input;
  const type = matrixType(job.engine.name, pool, input.dtype, input.quantization);
  const compute = computeLimit(pool, type);
  if (compute === null) return null;
  const device = deviceClass(pool);
  const operations = forwardOperations(blueprint, tokens, 0, 1);
  let seconds = rate(
    operations,
    compute.perSecond,
    computeEfficiency(job.engine.name, pool, 'prefill', type),
  );
  let bound: Bound = 'compute';
  const bandwidth = bandwidthLimit(pool);
  if (bandwidth !== null) {
    const held = heldTensors(blueprint, input.quantization, input.dtype);
    const reading = rate(
      weightBytesRead(blueprint, held, tokens),
      bandwidth.perSecond,
      decodeEfficiency(job.engine.name, device),
    );
    if (reading.expected > seconds.expected) bound = 'memory';
    seconds = slower(seconds, reading);
  }
  let origin = compute.origin;
  const placement = input.memory.placement;
  if (placement !== null && placement.hostWeightBytes > 0 && device !== 'cpu') {
    const hostWeights = input.memory.host.terms
      .filter((term) => term.name === 'weights')
      .reduce((bytes, term) => bytes + term.bytes.expected, 0);
    // Every pass of the prompt takes the host's weights over the link (ggml-backend.cpp, op offload).
    const passes = Math.ceil(tokens / Math.max(1, job.inference.microBatch));
    const link = linkLimit(pool);
    const moving = rate(hostWeights * passes, link.perSecond, { low: 0.8, expected: 0.9, high: 1 });
    if (moving.expected > seconds.expected) bound = 'link';
    seconds = sum(seconds, moving);
    origin = weakest(origin, link.origin);
  }
  return { seconds, bound, origin };
}

function cachedBytes(input: InferenceSpeedInput, depth: number): number {
  const ggml = input.job.engine.name === 'llama.cpp' || input.job.engine.name === 'ollama';
  const { kv } = input.job.inference;
  return (
    cacheBytes(input.blueprint, {
      cells: (attention) => (attention.window === null ? depth : Math.min(depth, attention.window)),
      latent: ggml || input.job.engine.name === 'vllm',
      keyType: kv.k,
      valueType: kv.v,
    }) + stateBytes(input.blueprint, input.dtype)
  );
}

/** Work over a limit of which a share is reached. */
export function rate(work: number, perSecond: Range, efficiency: Range): Range {
  return {
    low: work / (perSecond.high * efficiency.high),
    expected: work / (perSecond.expected * efficiency.expected),
    high: work / (perSecond.low * efficiency.low),
  };
}

function slower(a: Range, b: Range): Range {
  return {
    low: Math.max(a.low, b.low),
    expected: Math.max(a.expected, b.expected),
    high: Math.max(a.high, b.high),
  };
}
