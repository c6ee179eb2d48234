import { deviceCount, devicePools, type Pool } from '../../hardware/target';
import type { JobDocument } from '../../job/jobDocument';
import type { AttentionSpec, Blueprint, LayerSpec } from '../../model/blueprint';
import { GiB, MiB } from '../../units/bytes';
import { range, zero, type Range } from '../../units/range';
import { deviceMemory, draft, hostMemory, type TermDraft } from '../deviceMemory';
import type { DeviceMemory, MemoryEstimate } from '../memoryEstimate';
import { layerCacheBytes, type CacheRules } from '../terms/kvCache';
import { layerStateBytes } from '../terms/recurrentState';
import { runtimeTerm } from '../terms/runtime';
import { heldTensors, totalBytes, type HeldTensor } from '../terms/weights';
import { unanswered, type EngineInput, type EngineRules } from './engineInput';

/** Cells of a cache are rounded up to this many (llama.cpp, src/llama-kv-cache.cpp: n_pad). */
const cellPadding = 256;
/** Bytes that `--fit` leaves free on each device (common/fit.cpp, fit_params_target). */
const fitMargin = GiB;
/** Ollama's scheduler: what it keeps for the backend on each GPU. */
const ollamaMargin = 457 * MiB;

/** A model cut into what llama.cpp places as a whole: its layers, the output layer, and what stays on the host. */
interface Parts {
  readonly layers: readonly LayerPart[];
  readonly output: number;
  /** The token embedding, read row by row by the host. */
  readonly input: number;
  readonly largestTensor: number;
}

interface LayerPart {
  readonly weights: number;
  /** Expert tensors within `weights`. */
  readonly experts: number;
  /** Share of the experts that one token passes. */
  readonly activeExperts: number;
  readonly largestExpert: number;
  readonly largestTensor: number;
  readonly cache: number;
  readonly state: number;
}

/** How many layers a device holds, and of how many of them the experts lie on the host. */
interface Placement {
  /** Layers per device, in order; the first layers of the model are on the host. */
  readonly layers: readonly number[];
  readonly output: boolean;
  readonly expertsOnHost: number;
}

/**
 * llama.cpp and Ollama. Weights by type; the token embedding stays on the host; `-ngl n` counts the output layer, which goes first: layers
 * i >= L + 1 - n are on the device. Cache: cells padded to 256, a sliding layer keeps window + micro batch cells, latent attention keeps
 * keys only, recurrent state in fp32. A device's compute buffer is what its graph needs at its widest moment.
 */
export const llamaCpp: EngineRules = (whole) => {
  const input = { ...whole, main: { ...whole.main, blueprint: textOnly(whole.main.blueprint) } };
  const { job, main, target } = input;
  const pools = devicePools(target);
  const first = pools[0];
  if (first === undefined) return unanswered('the target has no device');
  const held = heldTensors(main.blueprint, main.quantization, main.dtype);
  const parts = partsOf(main.blueprint, held, job);
  const extra = input.others.map((model) =>
    draft(
      'weights',
      totalBytes(heldTensors(model.blueprint, model.quantization, model.dtype)),
      'exact',
      model.role,
    ),
  );
  return target.cpuOnly || first.kind === 'host'
    ? onHost(input, parts, first, held, extra)
    : onDevices(input, parts, held, extra);
};

const textOnlyOf = new WeakMap<Blueprint, Blueprint>();

/** A GGUF holds the language model; what sees and hears lies in a file of its own (`--mmproj`). */
function textOnly(blueprint: Blueprint): Blueprint {
  const isText = ({ component }: { readonly component: string }): boolean => component === 'text';
  if (blueprint.layers.every(isText) || !blueprint.layers.some(isText)) return blueprint;
  const known = textOnlyOf.get(blueprint) ?? {
    ...blueprint,
    layers: blueprint.layers.filter(isText),
    tensors: blueprint.tensors.filter((tensor) => isText(tensor) && tensor.role !== 'projector'),
  };
  textOnlyOf.set(blueprint, known);
  return known;
}

/** Everything in host memory. */
function onHost(
  input: EngineInput,
  parts: Parts,
  pool: Pool,
  held: readonly HeldTensor[],
  extra: readonly TermDraft[],
): MemoryEstimate {
  const { job, main } = input;
  const buffer = computeBuffer(main.blueprint, job, { output: true, hostTensor: 0 });
  const device = deviceMemory({
    device: pool.name,
    ranks: 1,
    instants: [
      {
        phase: 'prefill',
        terms: [
          weightsTerm(input, totalBytes(held)),
          ...extra,
          draft(
            'kvCache',
            sumOf(parts.layers, (layer) => layer.cache),
            'exact',
          ),
          draft(
            'recurrentState',
            sumOf(parts.layers, (layer) => layer.state),
            'exact',
          ),
          draft('workspace', buffer),
          draft('output', outputBytes(main.blueprint, job)),
        ],
      },
    ],
    fragmentation: () => zero,
    runtime: runtimeTerm(pool, 'ggml'),
  });
  return finished([device], [], totalBytes(held), null, []);
}

/** Layers on the devices, the rest on the host. */
function onDevices(
  input: EngineInput,
  parts: Parts,
  held: readonly HeldTensor[],
  extra: readonly TermDraft[],
): MemoryEstimate {
  const { job, main, target } = input;
  const { placement } = job.inference;
  const devices = usedDevices(input);
  const total = parts.layers.length + 1;
  const chosen =
    placement.gpuLayers === 'auto'
      ? automatic(input, parts, devices)
      : spread(
          devices,
          placement.gpuLayers === 'all' ? total : Math.min(total, Math.max(0, placement.gpuLayers)),
          placement.expertsOnHost ? parts.layers.length : 0,
          job,
        );
  const perDevice = deviceTerms(input, parts, chosen, devices, extra);
  const onDevice = sumOf(chosen.layers, (count) => count);
  const hostLayers = parts.layers.slice(0, parts.layers.length - onDevice);
  const deviceLayers = parts.layers.slice(parts.layers.length - onDevice);
  const hostWeights =
    sumOf(hostLayers, (layer) => layer.weights) +
    sumOf(deviceLayers.slice(0, chosen.expertsOnHost), (layer) => layer.experts) +
    (chosen.output ? 0 : parts.output);
  const hostCache = placement.kvOnHost
    ? sumOf(parts.layers, (layer) => layer.cache)
    : sumOf(hostLayers, (layer) => layer.cache);
  const hostState = sumOf(hostLayers, (layer) => layer.state);
  const host: TermDraft[] = [
    weightsTerm(input, parts.input + hostWeights),
    draft('kvCache', hostCache, 'exact'),
    draft('recurrentState', hostState, 'exact'),
    draft('workspace', hostBuffer(main.blueprint, job)),
    draft('output', outputBytes(main.blueprint, job)),
    draft('runtime', range(80 * MiB, 200 * MiB, 600 * MiB), 'assumed'),
  ];
  const readFromHost =
    sumOf(hostLayers, (layer) => layer.weights - layer.experts * (1 - layer.activeExperts)) +
    sumOf(deviceLayers.slice(0, chosen.expertsOnHost), (layer) => layer.experts * layer.activeExperts) +
    (chosen.output ? 0 : parts.output);
  const notes: string[] = [];
  if (deviceCount(target) > devices.length) notes.push('split mode none: one device is used');
  return finished(
    perDevice,
    host,
    totalBytes(held),
    {
      layersOnDevice: onDevice + (chosen.output ? 1 : 0),
      layers: total,
      hostWeightBytes: Math.round(readFromHost),
      hostKvBytes: Math.round(hostCache + hostState),
    },
    notes,
  );
}

function finished(
  perDevice: readonly DeviceMemory[],
  host: readonly TermDraft[],
  weightBytes: number,
  placement: MemoryEstimate['placement'],
  notes: readonly string[],
): MemoryEstimate {
  return {
    perDevice,
    host: hostMemory(host),
    diskBytes: null,
    placement,
    kvPoolTokens: null,
    kvRequiredBytes: null,
    poolMargin: null,
    adapterParameters: 0,
    trainableParameters: 0,
    weightBytes,
    notes,
    refusal: null,
    unknown: null,
  };
}

/**
 * Bytes of weights. A mix is known by its name alone until a file's header says each tensor's type: files of one name differ by a percent
 * or two, by the version that made them and by what they were tuned with.
 */
function weightsTerm({ main }: EngineInput, bytes: number): TermDraft {
  return main.quantization?.method === 'gguf'
    ? draft('weights', range(bytes * 0.98, bytes, bytes * 1.02), 'formula')
    : draft('weights', bytes, main.blueprint.origin);
}

/** The devices that the split mode uses, each with its pool. */
function usedDevices({ job, target }: EngineInput): readonly Pool[] {
  const all = devicePools(target)
    .filter((pool) => pool.kind !== 'host')
    .flatMap((pool) => Array.from({ length: Math.min(pool.count, 64) }, () => pool));
  return job.inference.placement.splitMode === 'none' ? all.slice(0, 1) : all;
}

function partsOf(blueprint: Blueprint, held: readonly HeldTensor[], job: JobDocument): Parts {
  const rules = cacheRules(job);
  const sequences = Math.max(1, job.inference.concurrency);
  const byLayer = new Map<string, { weights: number; experts: number; expert: number; tensor: number }>();
  let output = 0;
  let embedding = 0;
  let hasHead = false;
  let largestTensor = 0;
  for (const { tensor, bytes } of held) {
    largestTensor = Math.max(largestTensor, bytes);
    if (tensor.layer === null) {
      if (tensor.role === 'embedding' || tensor.role === 'position') embedding += bytes;
      else {
        output += bytes;
        hasHead = hasHead || tensor.role === 'head';
      }
      continue;
    }
    const key = `${tensor.component} ${tensor.layer}`;
    const part = byLayer.get(key) ?? { weights: 0, experts: 0, expert: 0, tensor: 0 };
    part.weights += bytes;
    // A fused gate and up is two tensors in a GGUF.
    const single = tensor.experts !== null && tensor.role === 'gateUp' ? bytes / 2 : bytes;
    part.tensor = Math.max(part.tensor, single);
    if (tensor.experts !== null && tensor.role !== 'router') {
      part.experts += bytes;
      part.expert = Math.max(part.expert, single);
    }
    byLayer.set(key, part);
  }
  // Tied: the device gets its own copy of the embedding as the output matrix.
  if (!hasHead && blueprint.tensors.some((tensor) => tensor.role === 'head')) output += embedding;
  const layers = blueprint.layers.map((layer): LayerPart => {
    const part = byLayer.get(`${layer.component} ${layer.index}`);
    const moe = layer.mlp?.moe ?? null;
    return {
      weights: part?.weights ?? 0,
      experts: part?.experts ?? 0,
      activeExperts: moe === null ? 1 : Math.min(1, moe.active / Math.max(1, moe.experts)),
      largestExpert: part?.expert ?? 0,
      largestTensor: part?.tensor ?? 0,
      cache: sequences * layerCacheBytes(layer, rules),
      state: sequences * layerStateBytes(layer, 'f32'),
    };
  });
  return { layers, output, input: embedding, largestTensor };
}

function cacheRules(job: JobDocument): CacheRules {
  const { inference } = job;
  const cells = padded(inference.contextLength);
  return {
    cells(attention: AttentionSpec) {
      if (attention.kind === 'cross') return attention.crossTokens ?? cells;
      if (attention.window === null) return cells;
      return Math.min(cells, padded(attention.window + inference.microBatch));
    },
    latent: true,
    keyType: inference.kv.k,
    valueType: inference.kv.v,
  };
}

function padded(cells: number): number {
  return Math.ceil(cells / cellPadding) * cellPadding;
}

/** Tokens that one pass of the graph handles. */
function passTokens(job: JobDocument): number {
  return Math.max(1, Math.min(job.inference.microBatch, job.inference.contextLength));
}

/**
 * Compute buffer of a device: the graph's widest moment, by the shapes of llama.cpp's graph (src/llama-graph.cpp). At the output: logits
 * [vocab, tokens] in fp32 and the normalised stream. In a layer: the masks in fp32 (and in f16 for flash attention), the stream twice,
 * and either queries with, without flash attention, the scores [heads, cells, tokens] in fp32, or the MLP's tensors. Weights that lie
 * on the host are copied here, one at a time, when a prompt is processed (ggml-backend.cpp, op offload).
 */
function computeBuffer(
  blueprint: Blueprint,
  job: JobDocument,
  where: { readonly output: boolean; readonly hostTensor: number },
): Range {
  const tokens = passTokens(job);
  const cells = padded(job.inference.contextLength) * Math.max(1, job.inference.concurrency);
  const rules = cacheRules(job);
  const windows =
    blueprint.layers.find((layer) => (layer.attention?.window ?? null) !== null)?.attention ?? null;
  const windowCells = windows === null ? 0 : rules.cells(windows) * Math.max(1, job.inference.concurrency);
  const flash = job.inference.flashAttention;
  const mask = (cells + windowCells) * tokens * 4;
  const stream = blueprint.hidden * tokens * 4;
  let layerMost = 0;
  for (const layer of blueprint.layers)
    layerMost = Math.max(layerMost, layerBytes(layer, tokens, cells, flash));
  const cast = flash ? mask / 2 : 0;
  const inLayer = mask + 2 * stream + layerMost + where.hostTensor;
  const atOutput = where.output ? blueprint.vocab * tokens * 4 + stream : 0;
  const most = Math.max(inLayer, atOutput);
  // Freed blocks are reused best fit, so that holes stay: up to 77 MiB were seen beside the logits.
  return range(
    Math.max(atOutput, inLayer * 0.9),
    most,
    Math.max(atOutput + mask + stream, inLayer + cast) + 32 * MiB,
  );
}

function layerBytes(layer: LayerSpec, tokens: number, cells: number, flash: boolean): number {
  const a = layer.attention;
  const queries = a === null ? 0 : a.queryHeads * a.keyDim * tokens * 4;
  const seen = a === null || a.window === null ? cells : Math.min(cells, a.window + tokens);
  const scores = a === null || flash ? 0 : a.queryHeads * seen * tokens * 4;
  const attention = scores + queries;
  const mlp = layer.mlp;
  const moe = mlp?.moe ?? null;
  const dense = (mlp?.intermediate ?? 0) * tokens * 4 * (mlp?.kind === 'gated' ? 2 : 1);
  const experts =
    moe === null ? 0 : tokens * 4 * (moe.active * (2 * moe.intermediate + layer.hidden) + 2 * moe.shared);
  return Math.max(attention, dense, experts);
}

/** The host's share of the graph: masks and the looked-up embeddings. */
function hostBuffer(blueprint: Blueprint, job: JobDocument): Range {
  const tokens = passTokens(job);
  const cells = padded(job.inference.contextLength) * Math.max(1, job.inference.concurrency);
  const bytes = cells * tokens * 4 + blueprint.hidden * tokens * 4;
  return range(bytes / 2, bytes, bytes * 2);
}

/** Logits of the last position of every sequence, in host memory. */
function outputBytes(blueprint: Blueprint, job: JobDocument): number {
  return blueprint.vocab * 4 * Math.max(1, job.inference.concurrency);
}

/** Cuts the last `count` (output layer included) over the devices in proportion to their memory, or to the tensor split. */
function spread(devices: readonly Pool[], count: number, expertsOnHost: number, job: JobDocument): Placement {
  const layers = Math.max(0, count - 1);
  const split = job.inference.placement.tensorSplit;
  const shares = devices.map((pool, index) =>
    split === null ? (pool.freeBytes ?? pool.usableBytes) : (split[index] ?? 0),
  );
  const all = sumOf(shares, (share) => share) || 1;
  let cumulative = 0;
  let placed = 0;
  const perDevice = shares.map((share) => {
    cumulative += share;
    const upTo = Math.min(layers, Math.round((layers * cumulative) / all));
    const own = upTo - placed;
    placed = upTo;
    return own;
  });
  return {
    layers: perDevice,
    output: count >= 1,
    expertsOnHost: Math.min(expertsOnHost, layers),
  };
}

/**
 * What the engine chooses by itself: everything if it fits with the margin it keeps; of a model with experts the experts of as few layers
 * as possible on the host; else as many layers on the devices as fit.
 */
function automatic(input: EngineInput, parts: Parts, devices: readonly Pool[]): Placement {
  const { job } = input;
  const margin = job.engine.name === 'ollama' ? ollamaMargin : fitMargin;
  const total = parts.layers.length + 1;
  const budgets = devices.map((pool) => (pool.freeBytes ?? pool.usableBytes) - margin);
  const holds = (placement: Placement): boolean =>
    deviceTerms(input, parts, placement, devices, []).every(
      (device, index) => device.devicePeak.expected <= (budgets[index] ?? 0),
    );
  const all = spread(devices, total, 0, job);
  if (holds(all)) return all;
  if (parts.layers.some((layer) => layer.experts > 0)) {
    const moved = smallest(parts.layers.length, (experts) => holds(spread(devices, total, experts, job)));
    if (moved !== null) return spread(devices, total, moved, job);
  }
  const left = smallest(total, (fewer) => holds(spread(devices, total - fewer, 0, job)));
  return spread(devices, left === null ? 0 : total - left, 0, job);
}

/** The smallest value from 1 to `most` that will do; null when none does. `works` grows with the value. */
function smallest(most: number, works: (value: number) => boolean): number | null {
  if (most < 1 || !works(most)) return null;
  let bad = 0;
  let good = most;
  while (good - bad > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (works(middle)) good = middle;
    else bad = middle;
  }
  return good;
}

function deviceTerms(
  input: EngineInput,
  parts: Parts,
  placement: Placement,
  devices: readonly Pool[],
  extra: readonly TermDraft[],
): readonly DeviceMemory[] {
  const { job, main } = input;
  const onDevice = sumOf(placement.layers, (count) => count);
  let next = parts.layers.length - onDevice;
  const firstOnDevice = next;
  const hostLayers = parts.layers.slice(0, next);
  // Only a prompt of several tokens is worth moving weights for.
  const hostTensor = Math.max(
    0,
    ...hostLayers.map((layer) => layer.largestTensor),
    ...(placement.expertsOnHost > 0 ? parts.layers.map((layer) => layer.largestExpert) : []),
  );
  const offloads = passTokens(job) >= 32 ? hostTensor : 0;
  return devices.map((pool, index) => {
    const count = placement.layers[index] ?? 0;
    const own = parts.layers.slice(next, next + count);
    const expertsAway = Math.max(0, Math.min(count, firstOnDevice + placement.expertsOnHost - next));
    next += count;
    const last = index === devices.length - 1 && placement.output;
    const weights =
      sumOf(own, (layer) => layer.weights) -
      sumOf(own.slice(0, expertsAway), (layer) => layer.experts) +
      (last ? parts.output : 0);
    return deviceMemory({
      device: pool.name,
      ranks: 1,
      instants: [
        {
          phase: 'prefill',
          terms: [
            weightsTerm(input, weights),
            ...(index === 0 ? extra : []),
            draft(
              'kvCache',
              job.inference.placement.kvOnHost ? 0 : sumOf(own, (layer) => layer.cache),
              'exact',
            ),
            draft(
              'recurrentState',
              sumOf(own, (layer) => layer.state),
              'exact',
            ),
            draft(
              'workspace',
              count > 0 || last || offloads > 0
                ? computeBuffer(main.blueprint, job, { output: last, hostTensor: offloads })
                : zero,
            ),
          ],
        },
      ],
      fragmentation: () => zero,
      runtime: runtimeTerm(pool, 'ggml'),
    });
  });
}

function sumOf<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}
